<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en_GB">
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
    <name>self.window</name>
    <message>
        <source>Save or discard first: another language makes a new window.</source>
        <translation type="unfinished"></translation>
    </message>
</context>
</TS>
