<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en_GB">
<context>
    <name>AreaFields</name>
    <message>
        <source>Map value from which a pixel belongs to a region.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Re&amp;gion threshold</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Minimum area</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Smaller regions count for nothing.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>A region of this area rejects the part whatever its score.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Reject area</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Re&amp;ject area</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>off</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>ChangesDialog</name>
    <message>
        <source>Apply changes</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Recipe {recipe} becomes a new version. It decides from the next part on.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Apply</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Back</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>what</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>old</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>new</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>ClassList</name>
    <message>
        <source>Defect classes</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>New class</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Name of the new defect class</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Add</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Use letters (A to Z), digits, _ . or -, for instance: deep_scratch</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>“good” stands for parts without a defect. Choose another name.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>There are 255 classes already. Use one of them.</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>ConditionRow</name>
    <message>
        <source>over</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Acknowledge</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Noted: the line may go on where it waited for this</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Confirm</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Looked into and put right: recorded with your name</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>ConditionsWidget</name>
    <message>
        <source>conditions</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>No conditions: camera, engine, PLC link and disk are well.</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>CountersWidget</name>
    <message>
        <source>parts</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>yield</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>rejected</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>of them review</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>missed</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>of them late</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>EffectTable</name>
    <message>
        <source>in force</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>proposed</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>difference</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>accepted</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>review</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>rejected</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>false rejects
(95&#xa0;% interval)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>escapes
(95&#xa0;% interval)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>no part judged good</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>no part judged bad</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{count} of {of} = {value}&#xa0;%
({low} to {high}&#xa0;%)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>the same</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{count} more</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{count} fewer</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>Figures</name>
    <message>
        <source>Figures of the part</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Detail</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Score</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Threshold</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Reject threshold</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Off threshold</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Regions</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{count}, largest {area:.0f} px</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Serial</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Lot</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Recipe</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Bundle</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Camera</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Part</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Trigger</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>yes</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>no</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Triggered</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Gate moved</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Acknowledged</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Late</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Latency</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Engine</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Overhead</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Deadline left</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>Filmstrip</name>
    <message>
        <source>last rejects</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>No rejects yet.</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>FilterBar</name>
    <message>
        <source>Time</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Last hour</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Shift (8 h)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Today</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>7 days</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>From – to</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Parts</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>To be looked at</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Not accepted</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Rejects</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Reviews</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Missed</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Accepted</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>All</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>To be looked at: rejects, reviews and missed parts, and accepted ones within 10 % of the threshold</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Person&apos;s verdict</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Any</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Show the parts that have come since (F5)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Refresh</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Ask the history again (F5)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>From</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>To</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Recipe</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Smallest defect area</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Largest defect area</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>within {} %</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Distance from the threshold</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Reset</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>All filters as they were at the start</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;From</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>t&amp;o</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Re&amp;cipe</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Defect &amp;area</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Borderline</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Time</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Parts</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>P&amp;erson</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source> px</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>any</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{} new</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>More filters ({})</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>More filters</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>HealthWidget</name>
    <message>
        <source>Camera</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>PLC gate</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Recipe</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Model</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Pace</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{rate:.1f} parts/s</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{rate:.1f} parts/s, verdict after {ms:.0f} ms</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>⚠ {name} not connected</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>⚠ none connected</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>HoursWidget</name>
    <message>
        <source>yield by hour</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>no parts on record yet</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>JudgePanel</name>
    <message>
        <source>Confirm</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The machine is right ({})</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>False reject</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The part is good ({})</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Escape</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The part is bad and was accepted ({})</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Withdraw</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Nobody has judged this part; Ctrl+Z takes the last verdict back ({})</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Note (N)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Note on the verdict</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Kept with the verdict that is given next (N)</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>LabelPage</name>
    <message>
        <source>Picture to paint on</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Parts to label</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Labels made</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>To label</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Labelled</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>View</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Previous</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Next</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The part before (K)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The next part (J)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Undo</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Ctrl+Z</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Redo</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Ctrl+Shift+Z</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Clear</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Everything normal; Undo brings it back</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Nothing wrong here</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Save that this picture has no defect</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Save</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Ctrl+S</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Defect class</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>LabelScreen</name>
    <message>
        <source>Label</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The defects painted on part {part} are not saved.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>View {number}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>There is no picture of this part: {why}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>No part open</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Save</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Nothing wrong here</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Discard</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Stay</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Not saved</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Label of part {part} saved.</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>LabelStrip</name>
    <message>
        <source>Working</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Take</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Enter</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Drop</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Escape</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Try again</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>LabelTexts</name>
    <message>
        <source>No part waits for a label. Parts that are not accepted come here; open others from Review.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>No labels yet. Open a part, paint its defects and save.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Log in as {role} to save labels.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Saving needs the role {needed}. You are {role}.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>not saved</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>labelled by {author}, {time}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>no label</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Clear the {area} px that are marked, and save that this picture has no defect?</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Save that this picture has no defect? A label stored before is removed.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>A mask is being proposed …</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Saving …</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Opening …</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Proposed mask: {area} px.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Take</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Polygon: {count} points.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Close</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Choose a part at the right.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Paint the defect. [ and ] change the size; the wheel zooms; space and drag pan.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Paint back to normal. [ and ] change the size.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Click the defect&apos;s corners. Enter closes, Escape drops, Backspace takes a corner back.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Draw a box around the defect. Its mask is proposed.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Click on the defect. Its mask is proposed.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{time}
{reason}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{time}  {author}
{classes}</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>LiveScreen</name>
    <message>
        <source>picture of the newest part</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>camera</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Live</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Why was the last part not accepted?</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{count} parts came faster than this window could take them; they are in the history.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Not connected, retrying: {why}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Part {number}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Log in first: {message}</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>LoginDialog</name>
    <message>
        <source>Log in</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>user</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>password</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;User</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Password</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The desk does not answer; the line goes on without it.</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>Notice</name>
    <message>
        <source>Try again</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>OverlayControls</name>
    <message>
        <source>opacity of the anomaly map</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Opacity of the anomaly map</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>colours of the anomaly map</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Outlines</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Outline where the map is above the region threshold</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Map</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Fit</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Show the whole picture (0)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>One pixel of the camera on one of the screen (1)</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>PartDetails</name>
    <message>
        <source>No regions on record.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Paint defects</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Label this picture for retraining (P)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Previous</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The part above (K)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Next</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The part below (J)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{reason} · score {score:.3f}, threshold {threshold:.3f}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Person: not judged yet</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Person: {verdict} · {who}, {when}</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>PartTable</name>
    <message>
        <source>Parts</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>PartTableModel</name>
    <message>
        <source>Machine</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Time</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Score</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Person</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The machine&apos;s verdict</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>When the part was triggered, local time</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Image score</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The person&apos;s verdict</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>PictureTrio</name>
    <message>
        <source>Image</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Anomaly map</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Overlay</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Fit</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The whole picture (0)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>1:1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>One pixel of the camera on one of the screen (1)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Nearer (+ or wheel)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Farther (- or wheel)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The archived file is no picture that can be read.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Camera {}</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>PolygonView</name>
    <message>
        <source>ROI</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>don&apos;t care</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>RegionTable</name>
    <message>
        <source>Regions</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>RegionTableModel</name>
    <message>
        <source>Region, in the order of the verdict</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Camera that saw it</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Area in pixels</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Largest value of the anomaly map</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Left, top, width and height in pixels</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Camera</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Area</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Peak</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Box</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>ReviewScreen</name>
    <message>
        <source>Choose a part from the list.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Loading the pictures …</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Review</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>a note without a verdict</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Asking the history …</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{} parts</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{} parts, older ones as you scroll</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>No part of this time fits the filters. Choose a longer time or fewer filters.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>No rejects, missed or borderline parts in this time. Choose a longer one, or show all parts.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The list could not be loaded: {}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>it is not on record</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Part {part} cannot be shown: {why}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>No pictures of this part: {}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>it is not archived</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The pictures could not be loaded: {}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Log in to judge parts.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Judging parts needs the role operator.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Part {part}: {verdict}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Verdict withdrawn: part {}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The verdict was not stored: {}</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>Rules</name>
    <message>
        <source>accept threshold</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>reject threshold</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>region threshold</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>minimum area</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>reject area</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>ROI</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>don&apos;t-care areas</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>off</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{area} px</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{polygons}, moved</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>none</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>polygons: {count}, points: {points}</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>ScoreBar</name>
    <message>
        <source>score</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>none</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>score {score}, accepted below {accept}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>score {value}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>accepted below {accept}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>accepted below {accept}, rejected from {reject}</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>ScoreHistogram</name>
    <message>
        <source>accept</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>reject</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>score</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>parts</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Histogram of scores with accept and reject threshold</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>ScorePanel</name>
    <message>
        <source>L&amp;ogarithmic</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>R&amp;eload</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>last {count} parts</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>How many parts</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Count axis in logarithms, so that few parts are seen beside many</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Fetch the scores anew</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>in force</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>good: {count}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>bad: {count}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>not judged: {count}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Parts without a score are not among these. False rejects and escapes: of the parts that people have judged.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Left out, as no threshold changes them: {missed} missed, {unscored} without a score.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Rejected by a region&apos;s area whatever the score: {before} in force, {after} proposed.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Stored scores cannot tell what these will do, only new parts can: {names}.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The recipe does not join views by the worst one: parts of several views are counted roughly.</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>ThresholdFields</name>
    <message>
        <source>A part is accepted only below this score.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Acce&amp;pt threshold</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>At or above this score a part is rejected; between the two it is for review.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Rejec&amp;t threshold</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>ToolPanel</name>
    <message>
        <source>Brush</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Paint the chosen class (B)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Eraser</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Paint back to normal (E)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Polygon</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Click the corners, Enter closes, Escape drops (P)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Box</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Draw a box around a defect: its mask is proposed (X)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Click</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Click on a defect: its mask is proposed (C)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source> px</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Size of brush and eraser in pixels</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>[ and ] change it</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Size</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Opacity of the marks</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Opacity</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Show &amp;map</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Lay the anomaly map over the picture (M)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Fit</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>1:1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The whole picture (0)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>One pixel on one of the screen (1)</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>TrendWidget</name>
    <message>
        <source>trend of the last {count} scores</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>parts ago</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>score</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>TunePicture</name>
    <message>
        <source>Picture with ROI and don&apos;t-care polygons</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Hold</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Keep this picture while parts arrive</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>newest picture</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>part just below the accept threshold</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>part just above the accept threshold</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>part by its number</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Which part&apos;s picture</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>part number, Enter</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Part number</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Camera</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>F&amp;it</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Whole picture (0)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;1:1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Actual size (1)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>ROI</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>don&apos;t care</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>What to draw</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>ROI: only inside is inspected. Don&apos;t care: inside nothing counts.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Click point by point; Enter or a click on the first point closes, Escape drops</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>A rectangle in the middle, to be pushed into place</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>A point behind the selected one (Insert)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The selected point or polygon (Delete)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Draw</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Re&amp;ctangle</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Add point</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Delete</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Click points. Enter closes the polygon, Escape drops it.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Drag or push with the arrow keys (Shift: 10 px). Page Down: next point.</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>TuneScreen</name>
    <message>
        <source>Tune</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Take the &amp;new rules</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Your changes are dropped</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Keep my changes</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The new rules are the base, with your changes on top of them</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Undo</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Di&amp;scard</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Take back the last step (Ctrl+Z)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Back to the rules in force</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Appl&amp;y …</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Tuning: changes that are not applied ({names})</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Loading scores …</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>No scores of recipe {recipe} on record. Let the line inspect some parts, then reload.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The scores could not be loaded: {why} Press Reload to try again.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Recipe {recipe} decides now.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Newest picture: part {part}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>No part below the accept threshold.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>No part above the accept threshold.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Type a part number.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Part {part}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Part {part} has no picture: {why}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>view {number}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>More bad parts would have been accepted than by the rules in force.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Applied: recipe {recipe} decides now.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The line did not answer. Whether the changes took effect shows as soon as it is connected again.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Not applied: {why}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The recipe was changed elsewhere: {recipe} decides now. Choose what your changes are to stand on.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Shows the changes and asks once more</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Waiting for the line to say which rules decide.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Applying …</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Recipe {recipe} decides. Nothing is changed.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Changed, not in force yet: {names}.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>To apply changes the role engineer is needed. You can try thresholds here all the same.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The line is not connected: nothing can be applied now.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The reject threshold is below the accept threshold: raise it, or lower the other.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Thresholds are between 0 and 1, areas above 0 px.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>A polygon encloses nothing: move its points apart, or delete it.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>ROI and don&apos;t-care areas leave nothing to inspect: every part would be rejected.</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>Window</name>
    <message>
        <source>Line inspection</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>User, language, colours</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Log in …</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Log out</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Dark</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Light</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Full screen</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>not connected, retrying</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>connected</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>nobody logged in</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Not saved</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Discard</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Stay</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>Words</name>
    <message>
        <source>ACCEPT</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>REJECT</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>REVIEW</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>MISSED</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>WAITING</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>NOT INSPECTING</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>NOT CONNECTED</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>good</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>score above the threshold</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>defect too large</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>no valid score</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>no image for the trigger</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>image incomplete</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>same image twice</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>image too dark</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>image too bright</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>image of the wrong size</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>engine too slow</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>engine failed</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>decision failed</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>verdict too late</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>disk took no record</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>line restarted</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>line was stopped</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>starting</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>halted</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>error</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>waiting for the gate</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>ready</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>inspecting one part</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>inspecting</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>failure</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>check function</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>out of specification</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>maintenance required</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>operator</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>engineer</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>admin</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>confirmed</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>false reject</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>escape</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>not judged yet</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>_Legend</name>
    <message>
        <source>rejects: {count}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>counts: {count}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>too small: {count}</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>self.window</name>
    <message>
        <source>Save or discard first: another language makes a new window.</source>
        <translation type="unfinished"></translation>
    </message>
</context>
</TS>
