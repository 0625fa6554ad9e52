<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en_GB">
<context>
    <name>AreaFields</name>
    <message>
        <source>Map value from which a pixel belongs to a region.</source>
        <translation>Kartenwert, ab dem ein Pixel zu einer Region gehört.</translation>
    </message>
    <message>
        <source>Re&amp;gion threshold</source>
        <translation>Re&amp;gionsschwelle</translation>
    </message>
    <message>
        <source>&amp;Minimum area</source>
        <translation>&amp;Mindestfläche</translation>
    </message>
    <message>
        <source>Smaller regions count for nothing.</source>
        <translation>Kleinere Regionen zählen nicht.</translation>
    </message>
    <message>
        <source>A region of this area rejects the part whatever its score.</source>
        <translation>Eine Region dieser Fläche macht das Teil zu Ausschuss, unabhängig vom Score.</translation>
    </message>
    <message>
        <source>Reject area</source>
        <translation>Ausschussfläche</translation>
    </message>
    <message>
        <source>Re&amp;ject area</source>
        <translation>A&amp;usschussfläche</translation>
    </message>
    <message>
        <source>off</source>
        <translation>aus</translation>
    </message>
</context>
<context>
    <name>ChangesDialog</name>
    <message>
        <source>Apply changes</source>
        <translation>Änderungen übernehmen</translation>
    </message>
    <message>
        <source>Recipe {recipe} becomes a new version. It decides from the next part on.</source>
        <translation>Rezept {recipe} erhält eine neue Version. Sie gilt ab dem nächsten Teil.</translation>
    </message>
    <message>
        <source>&amp;Apply</source>
        <translation>Ü&amp;bernehmen</translation>
    </message>
    <message>
        <source>&amp;Back</source>
        <translation>&amp;Zurück</translation>
    </message>
    <message>
        <source>what</source>
        <translation>was</translation>
    </message>
    <message>
        <source>old</source>
        <translation>alt</translation>
    </message>
    <message>
        <source>new</source>
        <translation>neu</translation>
    </message>
</context>
<context>
    <name>ClassList</name>
    <message>
        <source>Defect classes</source>
        <translation>Fehlerklassen</translation>
    </message>
    <message>
        <source>New class</source>
        <translation>Neue Klasse</translation>
    </message>
    <message>
        <source>Name of the new defect class</source>
        <translation>Name der neuen Fehlerklasse</translation>
    </message>
    <message>
        <source>Add</source>
        <translation>Hinzufügen</translation>
    </message>
    <message>
        <source>Use letters (A to Z), digits, _ . or -, for instance: deep_scratch</source>
        <translation>Erlaubt: Buchstaben (A bis Z), Ziffern, _ . und -, zum Beispiel: tiefer_kratzer</translation>
    </message>
    <message>
        <source>“good” stands for parts without a defect. Choose another name.</source>
        <translation>„good“ steht für Teile ohne Fehler. Bitte anderen Namen wählen.</translation>
    </message>
    <message>
        <source>There are 255 classes already. Use one of them.</source>
        <translation>Es gibt bereits 255 Klassen. Bitte eine davon verwenden.</translation>
    </message>
</context>
<context>
    <name>ConditionRow</name>
    <message>
        <source>over</source>
        <translation>gegangen</translation>
    </message>
    <message>
        <source>Acknowledge</source>
        <translation>Quittieren</translation>
    </message>
    <message>
        <source>Noted: the line may go on where it waited for this</source>
        <translation>Zur Kenntnis genommen: Die Linie darf weiterlaufen, wenn sie darauf gewartet hat</translation>
    </message>
    <message>
        <source>Confirm</source>
        <translation>Bestätigen</translation>
    </message>
    <message>
        <source>Looked into and put right: recorded with your name</source>
        <translation>Geprüft und behoben: wird mit Ihrem Namen protokolliert</translation>
    </message>
</context>
<context>
    <name>ConditionsWidget</name>
    <message>
        <source>conditions</source>
        <translation>Meldungen</translation>
    </message>
    <message>
        <source>Conditions are not known: the line is not connected.</source>
        <translation>Meldungen sind nicht bekannt: die Linie ist nicht verbunden.</translation>
    </message>
    <message>
        <source>Conditions are not known yet.</source>
        <translation>Meldungen sind noch nicht bekannt.</translation>
    </message>
    <message>
        <source>No conditions: camera, engine, PLC link and disk are well.</source>
        <translation>Keine Meldungen: Kamera, Auswertung, SPS-Verbindung und Datenträger sind in Ordnung.</translation>
    </message>
</context>
<context>
    <name>CountersWidget</name>
    <message>
        <source>parts</source>
        <translation>Teile</translation>
    </message>
    <message>
        <source>yield</source>
        <translation>Ausbeute</translation>
    </message>
    <message>
        <source>rejected</source>
        <translation>Ausschuss</translation>
    </message>
    <message>
        <source>of them review</source>
        <translation>davon PRÜFEN</translation>
    </message>
    <message>
        <source>missed</source>
        <translation>verpasst</translation>
    </message>
    <message>
        <source>of them late</source>
        <translation>davon verspätet</translation>
    </message>
</context>
<context>
    <name>Desk</name>
    <message>
        <source>Save or discard first: another language makes a new window.</source>
        <translation>Zuerst speichern oder verwerfen: Eine andere Sprache öffnet ein neues Fenster.</translation>
    </message>
</context>
<context>
    <name>EffectTable</name>
    <message>
        <source>in force</source>
        <translation>gültig</translation>
    </message>
    <message>
        <source>proposed</source>
        <translation>Entwurf</translation>
    </message>
    <message>
        <source>difference</source>
        <translation>Unterschied</translation>
    </message>
    <message>
        <source>accepted</source>
        <translation>gut</translation>
    </message>
    <message>
        <source>review</source>
        <translation>prüfen</translation>
    </message>
    <message>
        <source>rejected</source>
        <translation>Ausschuss</translation>
    </message>
    <message>
        <source>false rejects
(95&#xa0;% interval)</source>
        <translation>Pseudofehler
(95&#xa0;%-Intervall)</translation>
    </message>
    <message>
        <source>escapes
(95&#xa0;% interval)</source>
        <translation>Schlupf
(95&#xa0;%-Intervall)</translation>
    </message>
    <message>
        <source>no part judged good</source>
        <translation>kein Teil als gut beurteilt</translation>
    </message>
    <message>
        <source>no part judged bad</source>
        <translation>kein Teil als schlecht beurteilt</translation>
    </message>
    <message>
        <source>{count} of {of} = {value}&#xa0;%
({low} to {high}&#xa0;%)</source>
        <translation>{count} von {of} = {value}&#xa0;%
({low} bis {high}&#xa0;%)</translation>
    </message>
    <message>
        <source>the same</source>
        <translation>gleich</translation>
    </message>
    <message>
        <source>{count} more</source>
        <translation>{count} mehr</translation>
    </message>
    <message>
        <source>{count} fewer</source>
        <translation>{count} weniger</translation>
    </message>
</context>
<context>
    <name>EntryList</name>
    <message>
        <source>Look further</source>
        <translation>Weiter suchen</translation>
    </message>
    <message>
        <source>Look at older parts</source>
        <translation>Ältere Teile ansehen</translation>
    </message>
</context>
<context>
    <name>Figures</name>
    <message>
        <source>Figures of the part</source>
        <translation>Kennwerte des Teils</translation>
    </message>
    <message>
        <source>Detail</source>
        <translation>Detail</translation>
    </message>
    <message>
        <source>Score</source>
        <translation>Score</translation>
    </message>
    <message>
        <source>Threshold</source>
        <translation>Schwelle</translation>
    </message>
    <message>
        <source>Reject threshold</source>
        <translation>Ausschuss ab</translation>
    </message>
    <message>
        <source>Off threshold</source>
        <translation>Abstand</translation>
    </message>
    <message>
        <source>Regions</source>
        <translation>Regionen</translation>
    </message>
    <message>
        <source>{count}, largest {area:.0f} px</source>
        <translation>{count}, größte {area:.0f} px</translation>
    </message>
    <message>
        <source>Serial</source>
        <translation>Seriennummer</translation>
    </message>
    <message>
        <source>Lot</source>
        <translation>Charge</translation>
    </message>
    <message>
        <source>Recipe</source>
        <translation>Rezept</translation>
    </message>
    <message>
        <source>Bundle</source>
        <translation>Modell</translation>
    </message>
    <message>
        <source>Camera</source>
        <translation>Kamera</translation>
    </message>
    <message>
        <source>Part</source>
        <translation>Teil</translation>
    </message>
    <message>
        <source>Trigger</source>
        <translation>Trigger</translation>
    </message>
    <message>
        <source>yes</source>
        <translation>ja</translation>
    </message>
    <message>
        <source>no</source>
        <translation>nein</translation>
    </message>
    <message>
        <source>Triggered</source>
        <translation>Ausgelöst</translation>
    </message>
    <message>
        <source>Gate moved</source>
        <translation>Weiche gestellt</translation>
    </message>
    <message>
        <source>Acknowledged</source>
        <translation>Quittiert</translation>
    </message>
    <message>
        <source>Late</source>
        <translation>Verspätet</translation>
    </message>
    <message>
        <source>Latency</source>
        <translation>Latenz</translation>
    </message>
    <message>
        <source>Engine</source>
        <translation>Auswertung</translation>
    </message>
    <message>
        <source>Overhead</source>
        <translation>Overhead</translation>
    </message>
    <message>
        <source>Deadline left</source>
        <translation>Restzeit</translation>
    </message>
</context>
<context>
    <name>Filmstrip</name>
    <message>
        <source>last rejects</source>
        <translation>letzter Ausschuss</translation>
    </message>
    <message>
        <source>No rejects yet.</source>
        <translation>Noch kein Ausschuss.</translation>
    </message>
</context>
<context>
    <name>FilterBar</name>
    <message>
        <source>Time</source>
        <translation>Zeit</translation>
    </message>
    <message>
        <source>Last hour</source>
        <translation>Letzte Stunde</translation>
    </message>
    <message>
        <source>Shift (8 h)</source>
        <translation>Schicht (8 h)</translation>
    </message>
    <message>
        <source>Today</source>
        <translation>Heute</translation>
    </message>
    <message>
        <source>7 days</source>
        <translation>7 Tage</translation>
    </message>
    <message>
        <source>From – to</source>
        <translation>Von – bis</translation>
    </message>
    <message>
        <source>Parts</source>
        <translation>Teile</translation>
    </message>
    <message>
        <source>To be looked at</source>
        <translation>Zu sichten</translation>
    </message>
    <message>
        <source>Not accepted</source>
        <translation>Nicht GUT</translation>
    </message>
    <message>
        <source>Rejects</source>
        <translation>Ausschuss</translation>
    </message>
    <message>
        <source>Reviews</source>
        <translation>PRÜFEN</translation>
    </message>
    <message>
        <source>Missed</source>
        <translation>Verpasst</translation>
    </message>
    <message>
        <source>Accepted</source>
        <translation>GUT</translation>
    </message>
    <message>
        <source>All</source>
        <translation>Alle</translation>
    </message>
    <message>
        <source>To be looked at: rejects, reviews and missed parts, and accepted ones within 10 % of the threshold</source>
        <translation>Zu sichten: Ausschuss, PRÜFEN und verpasste Teile sowie gute Teile, die höchstens 10 % von der Schwelle entfernt sind</translation>
    </message>
    <message>
        <source>Person&apos;s verdict</source>
        <translation>Urteil des Prüfers</translation>
    </message>
    <message>
        <source>Any</source>
        <translation>Alle</translation>
    </message>
    <message>
        <source>Refresh</source>
        <translation>Aktualisieren</translation>
    </message>
    <message>
        <source>Show the parts that have come since (Ctrl+R)</source>
        <translation>Seitdem hinzugekommene Teile zeigen (Strg+R)</translation>
    </message>
    <message>
        <source>Ask the history again (Ctrl+R)</source>
        <translation>Historie neu abfragen (Strg+R)</translation>
    </message>
    <message>
        <source>From</source>
        <translation>Von</translation>
    </message>
    <message>
        <source>To</source>
        <translation>Bis</translation>
    </message>
    <message>
        <source>Recipe</source>
        <translation>Rezept</translation>
    </message>
    <message>
        <source>Smallest defect area</source>
        <translation>Kleinste Fehlerfläche</translation>
    </message>
    <message>
        <source>Largest defect area</source>
        <translation>Größte Fehlerfläche</translation>
    </message>
    <message>
        <source>within {} %</source>
        <translation>bis {} %</translation>
    </message>
    <message>
        <source>Distance from the threshold</source>
        <translation>Abstand zur Schwelle</translation>
    </message>
    <message>
        <source>Reset</source>
        <translation>Zurücksetzen</translation>
    </message>
    <message>
        <source>All filters as they were at the start</source>
        <translation>Alle Filter wie zu Beginn</translation>
    </message>
    <message>
        <source>&amp;From</source>
        <translation>&amp;Von</translation>
    </message>
    <message>
        <source>t&amp;o</source>
        <translation>&amp;bis</translation>
    </message>
    <message>
        <source>Re&amp;cipe</source>
        <translation>&amp;Rezept</translation>
    </message>
    <message>
        <source>Defect &amp;area</source>
        <translation>&amp;Fehlerfläche</translation>
    </message>
    <message>
        <source>&amp;Borderline</source>
        <translation>&amp;Grenznah</translation>
    </message>
    <message>
        <source>&amp;Time</source>
        <translation>&amp;Zeit</translation>
    </message>
    <message>
        <source>&amp;Parts</source>
        <translation>&amp;Teile</translation>
    </message>
    <message>
        <source>P&amp;erson</source>
        <translation>&amp;Prüfer</translation>
    </message>
    <message>
        <source> px</source>
        <translation> px</translation>
    </message>
    <message>
        <source>any</source>
        <translation>beliebig</translation>
    </message>
    <message>
        <source>{} new</source>
        <translation>{} neue</translation>
    </message>
    <message>
        <source>More filters ({})</source>
        <translation>Mehr Filter ({})</translation>
    </message>
    <message>
        <source>More filters</source>
        <translation>Mehr Filter</translation>
    </message>
</context>
<context>
    <name>HealthWidget</name>
    <message>
        <source>Camera</source>
        <translation>Kamera</translation>
    </message>
    <message>
        <source>PLC gate</source>
        <translation>SPS-Weiche</translation>
    </message>
    <message>
        <source>Recipe</source>
        <translation>Rezept</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>Modell</translation>
    </message>
    <message>
        <source>Equivalence</source>
        <translation>Gleichheit</translation>
    </message>
    <message>
        <source>Pace</source>
        <translation>Takt</translation>
    </message>
    <message>
        <source>{rate:.1f} parts/s</source>
        <translation>{rate:.1f} Teile/s</translation>
    </message>
    <message>
        <source>{rate:.1f} parts/s, verdict after {ms:.0f} ms</source>
        <translation>{rate:.1f} Teile/s, Urteil nach {ms:.0f} ms</translation>
    </message>
    <message>
        <source>⚠ {name} not connected</source>
        <translation>⚠ {name} nicht verbunden</translation>
    </message>
    <message>
        <source>⚠ {name} lost for {seconds:.0f} s</source>
        <translation>⚠ {name} seit {seconds:.0f} s weg</translation>
    </message>
    <message>
        <source>⚠ none connected</source>
        <translation>⚠ keine verbunden</translation>
    </message>
    <message>
        <source>○ not verified on this machine</source>
        <translation>○ auf diesem Rechner nicht geprüft</translation>
    </message>
    <message>
        <source>⚠ does not decide alike</source>
        <translation>⚠ entscheidet nicht gleich</translation>
    </message>
    <message>
        <source>✓ decides alike ({count} images)</source>
        <translation>✓ entscheidet gleich ({count} Bilder)</translation>
    </message>
    <message>
        <source>Held against {what} on {when}</source>
        <translation>Verglichen mit {what} am {when}</translation>
    </message>
    <message>
        <source>{good} good and {bad} bad images among {count}</source>
        <translation>{good} gute und {bad} schlechte Bilder unter {count}</translation>
    </message>
    <message>
        <source>Verdicts that flip: {flips}, at thresholds {accept} and {reject}</source>
        <translation>Urteile, die kippen: {flips}, bei den Schwellen {accept} und {reject}</translation>
    </message>
    <message>
        <source>Greatest difference of a score: {score}, of a map: {map}, on average {mean}</source>
        <translation>Größter Unterschied eines Scores: {score}, einer Karte: {map}, im Mittel {mean}</translation>
    </message>
    <message>
        <source>Image AUROC: {here}, of the network {network}</source>
        <translation>Bild-AUROC: {here}, des Netzes {network}</translation>
    </message>
    <message>
        <source>the answers stored in the model</source>
        <translation>den Antworten, die im Modell stehen</translation>
    </message>
    <message>
        <source>the network itself</source>
        <translation>dem Netz selbst</translation>
    </message>
</context>
<context>
    <name>HoursWidget</name>
    <message>
        <source>yield by hour</source>
        <translation>Ausbeute je Stunde</translation>
    </message>
    <message>
        <source>no parts on record yet</source>
        <translation>noch keine Teile aufgezeichnet</translation>
    </message>
</context>
<context>
    <name>JudgePanel</name>
    <message>
        <source>Confirm</source>
        <translation>Bestätigen</translation>
    </message>
    <message>
        <source>The machine is right ({})</source>
        <translation>Die Maschine hat recht ({})</translation>
    </message>
    <message>
        <source>False reject</source>
        <translation>Pseudofehler</translation>
    </message>
    <message>
        <source>The part is good ({})</source>
        <translation>Das Teil ist gut ({})</translation>
    </message>
    <message>
        <source>Escape</source>
        <translation>Schlupf</translation>
    </message>
    <message>
        <source>The part is bad and was accepted ({})</source>
        <translation>Das Teil ist schlecht und wurde als gut bewertet ({})</translation>
    </message>
    <message>
        <source>Withdraw</source>
        <translation>Zurücknehmen</translation>
    </message>
    <message>
        <source>Nobody has judged this part; Ctrl+Z takes the last verdict back ({})</source>
        <translation>Teil gilt als nicht beurteilt; Strg+Z nimmt das letzte Urteil zurück ({})</translation>
    </message>
    <message>
        <source>Note (N)</source>
        <translation>Notiz (N)</translation>
    </message>
    <message>
        <source>Note on the verdict</source>
        <translation>Notiz zum Urteil</translation>
    </message>
    <message>
        <source>Kept with the verdict that is given next (N)</source>
        <translation>Wird mit dem nächsten Urteil gespeichert (N)</translation>
    </message>
</context>
<context>
    <name>LabelPage</name>
    <message>
        <source>Picture to paint on</source>
        <translation>Bild zum Markieren</translation>
    </message>
    <message>
        <source>Parts to label</source>
        <translation>Zu markierende Teile</translation>
    </message>
    <message>
        <source>Labels made</source>
        <translation>Vorhandene Markierungen</translation>
    </message>
    <message>
        <source>To label</source>
        <translation>Offen</translation>
    </message>
    <message>
        <source>Labelled</source>
        <translation>Markiert</translation>
    </message>
    <message>
        <source>View</source>
        <translation>Ansicht</translation>
    </message>
    <message>
        <source>Previous</source>
        <translation>Zurück</translation>
    </message>
    <message>
        <source>Next</source>
        <translation>Weiter</translation>
    </message>
    <message>
        <source>The part before (K)</source>
        <translation>Das vorige Teil (K)</translation>
    </message>
    <message>
        <source>The next part (J)</source>
        <translation>Das nächste Teil (J)</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Rückgängig</translation>
    </message>
    <message>
        <source>Ctrl+Z</source>
        <translation>Strg+Z</translation>
    </message>
    <message>
        <source>Redo</source>
        <translation>Wiederholen</translation>
    </message>
    <message>
        <source>Ctrl+Shift+Z</source>
        <translation>Strg+Umschalt+Z</translation>
    </message>
    <message>
        <source>Clear</source>
        <translation>Leeren</translation>
    </message>
    <message>
        <source>Everything normal; Undo brings it back</source>
        <translation>Alles fehlerfrei; „Rückgängig“ holt es zurück</translation>
    </message>
    <message>
        <source>Nothing wrong here</source>
        <translation>Kein Fehler</translation>
    </message>
    <message>
        <source>Save that this picture has no defect</source>
        <translation>Speichern, dass dieses Bild keinen Fehler zeigt</translation>
    </message>
    <message>
        <source>Save</source>
        <translation>Speichern</translation>
    </message>
    <message>
        <source>Ctrl+S</source>
        <translation>Strg+S</translation>
    </message>
    <message>
        <source>Defect class</source>
        <translation>Fehlerklasse</translation>
    </message>
</context>
<context>
    <name>LabelScreen</name>
    <message>
        <source>Label</source>
        <translation>Markieren</translation>
    </message>
    <message>
        <source>The defects painted on part {part} are not saved.</source>
        <translation>Die an Teil {part} markierten Fehler sind nicht gespeichert.</translation>
    </message>
    <message>
        <source>View {number}</source>
        <translation>Ansicht {number}</translation>
    </message>
    <message>
        <source>There is no picture of this part: {why}</source>
        <translation>Zu diesem Teil gibt es kein Bild: {why}</translation>
    </message>
    <message>
        <source>No part open</source>
        <translation>Kein Teil geöffnet</translation>
    </message>
    <message>
        <source>Save</source>
        <translation>Speichern</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Nothing wrong here</source>
        <translation>Kein Fehler</translation>
    </message>
    <message>
        <source>Discard</source>
        <translation>Verwerfen</translation>
    </message>
    <message>
        <source>Stay</source>
        <translation>Bleiben</translation>
    </message>
    <message>
        <source>Not saved</source>
        <translation>Nicht gespeichert</translation>
    </message>
    <message>
        <source>Label of part {part} saved.</source>
        <translation>Markierung von Teil {part} gespeichert.</translation>
    </message>
</context>
<context>
    <name>LabelStrip</name>
    <message>
        <source>Working</source>
        <translation>In Arbeit</translation>
    </message>
    <message>
        <source>Take</source>
        <translation>Übernehmen</translation>
    </message>
    <message>
        <source>Enter</source>
        <translation>Eingabetaste</translation>
    </message>
    <message>
        <source>Drop</source>
        <translation>Verwerfen</translation>
    </message>
    <message>
        <source>Escape</source>
        <translation>Esc</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>Erneut versuchen</translation>
    </message>
</context>
<context>
    <name>LabelTexts</name>
    <message>
        <source>No part waits for a label. Parts that are not accepted come here; open others from Review.</source>
        <translation>Kein Teil wartet auf eine Markierung. Nicht gute Teile erscheinen hier; andere über „Nachprüfen“ öffnen.</translation>
    </message>
    <message>
        <source>None of the newest {count} parts that were not accepted waits for a label.</source>
        <translation>Von den neuesten {count} nicht angenommenen Teilen wartet keines auf eine Markierung.</translation>
    </message>
    <message>
        <source>No labels yet. Open a part, paint its defects and save.</source>
        <translation>Noch keine Markierungen. Ein Teil öffnen, Fehler markieren und speichern.</translation>
    </message>
    <message>
        <source>Log in as {role} to save labels.</source>
        <translation>Zum Speichern als {role} anmelden.</translation>
    </message>
    <message>
        <source>Saving needs the role {needed}. You are {role}.</source>
        <translation>Speichern erfordert die Rolle {needed}. Ihre Rolle: {role}.</translation>
    </message>
    <message>
        <source>not saved</source>
        <translation>nicht gespeichert</translation>
    </message>
    <message>
        <source>labelled by {author}, {time}</source>
        <translation>markiert von {author}, {time}</translation>
    </message>
    <message>
        <source>no label</source>
        <translation>keine Markierung</translation>
    </message>
    <message>
        <source>Clear the {area} px that are marked, and save that this picture has no defect?</source>
        <translation>Die markierten {area} px löschen und speichern, dass dieses Bild keinen Fehler zeigt?</translation>
    </message>
    <message>
        <source>Save that this picture has no defect? It takes the place of a label stored before.</source>
        <translation>Speichern, dass dieses Bild keinen Fehler hat? Das tritt an die Stelle einer früher gespeicherten Markierung.</translation>
    </message>
    <message>
        <source>A mask is being proposed …</source>
        <translation>Maske wird vorgeschlagen …</translation>
    </message>
    <message>
        <source>Saving …</source>
        <translation>Wird gespeichert …</translation>
    </message>
    <message>
        <source>Opening …</source>
        <translation>Wird geöffnet …</translation>
    </message>
    <message>
        <source>Proposed mask: {area} px.</source>
        <translation>Vorgeschlagene Maske: {area} px.</translation>
    </message>
    <message>
        <source>Take</source>
        <translation>Übernehmen</translation>
    </message>
    <message>
        <source>Polygon: {count} points.</source>
        <translation>Polygon: {count} Punkte.</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>Choose a part at the right.</source>
        <translation>Rechts ein Teil wählen.</translation>
    </message>
    <message>
        <source>Paint the defect. [ and ] change the size; the wheel zooms; space and drag pan.</source>
        <translation>Fehler markieren. [ und ] ändern die Größe; das Mausrad zoomt; Leertaste und Ziehen verschiebt.</translation>
    </message>
    <message>
        <source>Paint back to normal. [ and ] change the size.</source>
        <translation>Markierung wegnehmen. [ und ] ändern die Größe.</translation>
    </message>
    <message>
        <source>Click the defect&apos;s corners. Enter closes, Escape drops, Backspace takes a corner back.</source>
        <translation>Ecken des Fehlers anklicken. Eingabe schließt, Esc verwirft, Rücktaste nimmt eine Ecke zurück.</translation>
    </message>
    <message>
        <source>Draw a box around the defect. Its mask is proposed.</source>
        <translation>Rahmen um den Fehler ziehen. Die Maske wird vorgeschlagen.</translation>
    </message>
    <message>
        <source>Click on the defect. Its mask is proposed.</source>
        <translation>Auf den Fehler klicken. Die Maske wird vorgeschlagen.</translation>
    </message>
    <message>
        <source>{time}
{reason}</source>
        <translation>{time}
{reason}</translation>
    </message>
    <message>
        <source>{time}  {author}
{classes}</source>
        <translation>{time}  {author}
{classes}</translation>
    </message>
    <message>
        <source>no defect</source>
        <translation>kein Fehler</translation>
    </message>
</context>
<context>
    <name>LiveScreen</name>
    <message>
        <source>picture of the newest part</source>
        <translation>Bild des neuesten Teils</translation>
    </message>
    <message>
        <source>camera</source>
        <translation>Kamera</translation>
    </message>
    <message>
        <source>&amp;Live</source>
        <translation>&amp;Live</translation>
    </message>
    <message>
        <source>Why was the last part not accepted?</source>
        <translation>Warum war das letzte Teil nicht gut?</translation>
    </message>
    <message>
        <source>{count} parts came faster than this window could take them; they are in the history.</source>
        <translation>{count} Teile kamen schneller, als dieses Fenster sie anzeigen konnte; sie stehen in der Historie.</translation>
    </message>
    <message>
        <source>Not connected, retrying: {why}</source>
        <translation>Nicht verbunden, neuer Versuch läuft: {why}</translation>
    </message>
    <message>
        <source>Part {number}</source>
        <translation>Teil {number}</translation>
    </message>
    <message>
        <source>Log in first: {message}</source>
        <translation>Bitte zuerst anmelden: {message}</translation>
    </message>
</context>
<context>
    <name>LoginDialog</name>
    <message>
        <source>Log in</source>
        <translation>Anmelden</translation>
    </message>
    <message>
        <source>user</source>
        <translation>Benutzer</translation>
    </message>
    <message>
        <source>password</source>
        <translation>Passwort</translation>
    </message>
    <message>
        <source>&amp;User</source>
        <translation>&amp;Benutzer</translation>
    </message>
    <message>
        <source>&amp;Password</source>
        <translation>&amp;Passwort</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>The desk does not answer; the line goes on without it.</source>
        <translation>Der Desk-Dienst antwortet nicht; die Linie läuft ohne ihn weiter.</translation>
    </message>
</context>
<context>
    <name>Notice</name>
    <message>
        <source>Try again</source>
        <translation>Erneut versuchen</translation>
    </message>
</context>
<context>
    <name>OverlayControls</name>
    <message>
        <source>opacity of the anomaly map</source>
        <translation>Deckkraft der Anomaliekarte</translation>
    </message>
    <message>
        <source>Opacity of the anomaly map</source>
        <translation>Deckkraft der Anomaliekarte</translation>
    </message>
    <message>
        <source>colours of the anomaly map</source>
        <translation>Farben der Anomaliekarte</translation>
    </message>
    <message>
        <source>&amp;Outlines</source>
        <translation>&amp;Umrisse</translation>
    </message>
    <message>
        <source>Outline where the map is above the region threshold</source>
        <translation>Umriss, wo die Karte über der Regionsschwelle liegt</translation>
    </message>
    <message>
        <source>&amp;Map</source>
        <translation>&amp;Karte</translation>
    </message>
    <message>
        <source>&amp;Fit</source>
        <translation>&amp;Einpassen</translation>
    </message>
    <message>
        <source>Show the whole picture (0)</source>
        <translation>Ganzes Bild zeigen (0)</translation>
    </message>
    <message>
        <source>One pixel of the camera on one of the screen (1)</source>
        <translation>Ein Kamerapixel auf einem Bildschirmpixel (1)</translation>
    </message>
    <message>
        <source>Nearer</source>
        <translation>Vergrößern</translation>
    </message>
    <message>
        <source>Nearer (+ or wheel)</source>
        <translation>Vergrößern (+ oder Mausrad)</translation>
    </message>
    <message>
        <source>Farther</source>
        <translation>Verkleinern</translation>
    </message>
    <message>
        <source>Farther (- or wheel)</source>
        <translation>Verkleinern (- oder Mausrad)</translation>
    </message>
</context>
<context>
    <name>PartDetails</name>
    <message>
        <source>No regions on record.</source>
        <translation>Keine Regionen aufgezeichnet.</translation>
    </message>
    <message>
        <source>Paint defects</source>
        <translation>Fehler markieren</translation>
    </message>
    <message>
        <source>Label this picture for retraining (P)</source>
        <translation>Dieses Bild für das Nachtraining markieren (P)</translation>
    </message>
    <message>
        <source>Previous</source>
        <translation>Zurück</translation>
    </message>
    <message>
        <source>The part above (K)</source>
        <translation>Das Teil darüber (K)</translation>
    </message>
    <message>
        <source>Next</source>
        <translation>Weiter</translation>
    </message>
    <message>
        <source>The part below (J)</source>
        <translation>Das Teil darunter (J)</translation>
    </message>
    <message>
        <source>{reason} · score {score:.3f}, threshold {threshold:.3f}</source>
        <translation>{reason} · Score {score:.3f}, Schwelle {threshold:.3f}</translation>
    </message>
    <message>
        <source>Person: not judged yet</source>
        <translation>Prüfer: noch nicht beurteilt</translation>
    </message>
    <message>
        <source>Person: {verdict} · {who}, {when}</source>
        <translation>Prüfer: {verdict} · {who}, {when}</translation>
    </message>
</context>
<context>
    <name>PartTable</name>
    <message>
        <source>Parts</source>
        <translation>Teile</translation>
    </message>
</context>
<context>
    <name>PartTableModel</name>
    <message>
        <source>Machine</source>
        <translation>Maschine</translation>
    </message>
    <message>
        <source>Time</source>
        <translation>Zeit</translation>
    </message>
    <message>
        <source>Score</source>
        <translation>Score</translation>
    </message>
    <message>
        <source>Person</source>
        <translation>Prüfer</translation>
    </message>
    <message>
        <source>The machine&apos;s verdict</source>
        <translation>Urteil der Maschine</translation>
    </message>
    <message>
        <source>When the part was triggered, local time</source>
        <translation>Zeitpunkt des Triggers, Ortszeit</translation>
    </message>
    <message>
        <source>Image score</source>
        <translation>Score des Bildes</translation>
    </message>
    <message>
        <source>The person&apos;s verdict</source>
        <translation>Urteil des Prüfers</translation>
    </message>
</context>
<context>
    <name>PasswordDialog</name>
    <message>
        <source>Change password</source>
        <translation>Passwort ändern</translation>
    </message>
    <message>
        <source>&amp;Old password</source>
        <translation>&amp;Altes Passwort</translation>
    </message>
    <message>
        <source>&amp;New password</source>
        <translation>&amp;Neues Passwort</translation>
    </message>
    <message>
        <source>New &amp;again</source>
        <translation>Neues &amp;wiederholen</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>The new passwords differ.</source>
        <translation>Die neuen Passwörter sind verschieden.</translation>
    </message>
    <message>
        <source>The desk does not answer; the line goes on without it.</source>
        <translation>Der Desk-Dienst antwortet nicht; die Linie läuft ohne ihn weiter.</translation>
    </message>
    <message>
        <source>The old password is wrong.</source>
        <translation>Das alte Passwort ist falsch.</translation>
    </message>
</context>
<context>
    <name>PictureTrio</name>
    <message>
        <source>Image</source>
        <translation>Bild</translation>
    </message>
    <message>
        <source>Anomaly map</source>
        <translation>Anomaliekarte</translation>
    </message>
    <message>
        <source>Overlay</source>
        <translation>Überlagerung</translation>
    </message>
    <message>
        <source>Fit</source>
        <translation>Einpassen</translation>
    </message>
    <message>
        <source>The whole picture (0)</source>
        <translation>Das ganze Bild (0)</translation>
    </message>
    <message>
        <source>1:1</source>
        <translation>1:1</translation>
    </message>
    <message>
        <source>One pixel of the camera on one of the screen (1)</source>
        <translation>Ein Kamerapixel auf einem Bildschirmpixel (1)</translation>
    </message>
    <message>
        <source>Nearer (+ or wheel)</source>
        <translation>Vergrößern (+ oder Mausrad)</translation>
    </message>
    <message>
        <source>Farther (- or wheel)</source>
        <translation>Verkleinern (- oder Mausrad)</translation>
    </message>
    <message>
        <source>The archived file is no picture that can be read.</source>
        <translation>Die archivierte Datei ist kein lesbares Bild.</translation>
    </message>
    <message>
        <source>Camera {}</source>
        <translation>Kamera {}</translation>
    </message>
</context>
<context>
    <name>PolygonView</name>
    <message>
        <source>ROI</source>
        <translation>Prüfbereich (ROI)</translation>
    </message>
    <message>
        <source>don&apos;t care</source>
        <translation>Ausblendbereich</translation>
    </message>
</context>
<context>
    <name>RegionTable</name>
    <message>
        <source>Regions</source>
        <translation>Regionen</translation>
    </message>
</context>
<context>
    <name>RegionTableModel</name>
    <message>
        <source>Region, in the order of the verdict</source>
        <translation>Region, in der Reihenfolge des Urteils</translation>
    </message>
    <message>
        <source>Camera that saw it</source>
        <translation>Kamera, die sie gesehen hat</translation>
    </message>
    <message>
        <source>Area in pixels</source>
        <translation>Fläche in Pixeln</translation>
    </message>
    <message>
        <source>Largest value of the anomaly map</source>
        <translation>Größter Wert der Anomaliekarte</translation>
    </message>
    <message>
        <source>Left, top, width and height in pixels</source>
        <translation>Links, oben, Breite und Höhe in Pixeln</translation>
    </message>
    <message>
        <source>Camera</source>
        <translation>Kamera</translation>
    </message>
    <message>
        <source>Area</source>
        <translation>Fläche</translation>
    </message>
    <message>
        <source>Peak</source>
        <translation>Max</translation>
    </message>
    <message>
        <source>Box</source>
        <translation>Rahmen</translation>
    </message>
</context>
<context>
    <name>ReviewScreen</name>
    <message>
        <source>Choose a part from the list.</source>
        <translation>Ein Teil aus der Liste wählen.</translation>
    </message>
    <message>
        <source>Loading the pictures …</source>
        <translation>Bilder werden geladen …</translation>
    </message>
    <message>
        <source>Review</source>
        <translation>Nachprüfen</translation>
    </message>
    <message>
        <source>notes without a verdict, on: {parts}</source>
        <translation>Notizen ohne Urteil zu: {parts}</translation>
    </message>
    <message>
        <source>Asking the history …</source>
        <translation>Historie wird abgefragt …</translation>
    </message>
    <message>
        <source>{} parts</source>
        <translation>{} Teile</translation>
    </message>
    <message>
        <source>{} parts, older ones as you scroll</source>
        <translation>{} Teile, ältere beim Scrollen</translation>
    </message>
    <message>
        <source>No part of this time fits the filters. Choose a longer time or fewer filters.</source>
        <translation>Kein Teil aus dieser Zeit passt zu den Filtern. Längere Zeit oder weniger Filter wählen.</translation>
    </message>
    <message>
        <source>No rejects, missed or borderline parts in this time. Choose a longer one, or show all parts.</source>
        <translation>Kein Ausschuss, keine verpassten oder grenznahen Teile in dieser Zeit. Längere Zeit wählen oder alle Teile zeigen.</translation>
    </message>
    <message>
        <source>The list could not be loaded: {}</source>
        <translation>Die Liste konnte nicht geladen werden: {}</translation>
    </message>
    <message>
        <source>it is not on record</source>
        <translation>nicht aufgezeichnet</translation>
    </message>
    <message>
        <source>Part {part} cannot be shown: {why}</source>
        <translation>Teil {part} kann nicht gezeigt werden: {why}</translation>
    </message>
    <message>
        <source>No pictures of this part: {}</source>
        <translation>Keine Bilder zu diesem Teil: {}</translation>
    </message>
    <message>
        <source>it is not archived</source>
        <translation>nicht archiviert</translation>
    </message>
    <message>
        <source>The pictures could not be loaded: {}</source>
        <translation>Die Bilder konnten nicht geladen werden: {}</translation>
    </message>
    <message>
        <source>Log in to judge parts.</source>
        <translation>Zum Beurteilen bitte anmelden.</translation>
    </message>
    <message>
        <source>Judging parts needs the role operator.</source>
        <translation>Beurteilen erfordert die Rolle Bediener.</translation>
    </message>
    <message>
        <source>Part {part}: {verdict}</source>
        <translation>Teil {part}: {verdict}</translation>
    </message>
    <message>
        <source>Verdict withdrawn: part {}</source>
        <translation>Urteil zurückgenommen: Teil {}</translation>
    </message>
    <message>
        <source>The verdict was not stored: {}</source>
        <translation>Das Urteil wurde nicht gespeichert: {}</translation>
    </message>
</context>
<context>
    <name>Rules</name>
    <message>
        <source>accept threshold</source>
        <translation>Gut-Schwelle</translation>
    </message>
    <message>
        <source>reject threshold</source>
        <translation>Ausschuss-Schwelle</translation>
    </message>
    <message>
        <source>region threshold</source>
        <translation>Regionsschwelle</translation>
    </message>
    <message>
        <source>minimum area</source>
        <translation>Mindestfläche</translation>
    </message>
    <message>
        <source>reject area</source>
        <translation>Ausschussfläche</translation>
    </message>
    <message>
        <source>ROI</source>
        <translation>Prüfbereich (ROI)</translation>
    </message>
    <message>
        <source>don&apos;t-care areas</source>
        <translation>Ausblendbereiche</translation>
    </message>
    <message>
        <source>off</source>
        <translation>aus</translation>
    </message>
    <message>
        <source>{area} px</source>
        <translation>{area} px</translation>
    </message>
    <message>
        <source>{polygons}, moved</source>
        <translation>{polygons}, verschoben</translation>
    </message>
    <message>
        <source>none</source>
        <translation>keine</translation>
    </message>
    <message>
        <source>polygons: {count}, points: {points}</source>
        <translation>Polygone: {count}, Punkte: {points}</translation>
    </message>
</context>
<context>
    <name>ScoreBar</name>
    <message>
        <source>score</source>
        <translation>Score</translation>
    </message>
    <message>
        <source>none</source>
        <translation>keiner</translation>
    </message>
    <message>
        <source>score {score}, accepted below {accept}</source>
        <translation>Score {score}, GUT unter {accept}</translation>
    </message>
    <message>
        <source>score {value}</source>
        <translation>Score {value}</translation>
    </message>
    <message>
        <source>accepted below {accept}</source>
        <translation>GUT unter {accept}</translation>
    </message>
    <message>
        <source>accepted below {accept}, rejected from {reject}</source>
        <translation>GUT unter {accept}, AUSSCHUSS ab {reject}</translation>
    </message>
</context>
<context>
    <name>ScoreHistogram</name>
    <message>
        <source>accept</source>
        <translation>Gut</translation>
    </message>
    <message>
        <source>reject</source>
        <translation>Ausschuss</translation>
    </message>
    <message>
        <source>score</source>
        <translation>Score</translation>
    </message>
    <message>
        <source>parts</source>
        <translation>Teile</translation>
    </message>
    <message>
        <source>Histogram of scores with accept and reject threshold</source>
        <translation>Histogramm der Scores mit Gut- und Ausschuss-Schwelle</translation>
    </message>
</context>
<context>
    <name>ScorePanel</name>
    <message>
        <source>L&amp;ogarithmic</source>
        <translation>L&amp;ogarithmisch</translation>
    </message>
    <message>
        <source>R&amp;eload</source>
        <translation>&amp;Neu laden</translation>
    </message>
    <message>
        <source>last {count} parts</source>
        <translation>letzte {count} Teile</translation>
    </message>
    <message>
        <source>How many parts</source>
        <translation>Anzahl Teile</translation>
    </message>
    <message>
        <source>Count axis in logarithms, so that few parts are seen beside many</source>
        <translation>Zählachse logarithmisch, damit wenige Teile neben vielen sichtbar sind</translation>
    </message>
    <message>
        <source>Fetch the scores anew</source>
        <translation>Scores neu abrufen</translation>
    </message>
    <message>
        <source>in force</source>
        <translation>gültig</translation>
    </message>
    <message>
        <source>good: {count}</source>
        <translation>gut: {count}</translation>
    </message>
    <message>
        <source>bad: {count}</source>
        <translation>schlecht: {count}</translation>
    </message>
    <message>
        <source>not judged: {count}</source>
        <translation>ohne Urteil: {count}</translation>
    </message>
    <message>
        <source>Parts without a score are not among these. False rejects and escapes: of the parts that people have judged.</source>
        <translation>Teile ohne Score sind nicht enthalten. Pseudofehler und Schlupf: unter den von Prüfern beurteilten Teilen.</translation>
    </message>
    <message>
        <source>Left out, as no threshold changes them: {missed} missed, {unscored} without a score.</source>
        <translation>Nicht enthalten, da von keiner Schwelle abhängig: {missed} verpasst, {unscored} ohne Score.</translation>
    </message>
    <message>
        <source>Left out, as ROI, areas or the region threshold were or may have been others: {count} parts of other versions.</source>
        <translation>Nicht gezählt, da Prüfbereich (ROI), Flächen oder Regionsschwelle andere waren oder gewesen sein können: {count} Teile anderer Versionen.</translation>
    </message>
    <message>
        <source>Rejected by a region&apos;s area whatever the score: {before} in force, {after} proposed.</source>
        <translation>Ausschuss wegen Regionsfläche, unabhängig vom Score: gültig {before}, Entwurf {after}.</translation>
    </message>
    <message>
        <source>Stored scores cannot tell what these will do, only new parts can: {names}.</source>
        <translation>Wirkung erst an neuen Teilen sichtbar, nicht an gespeicherten Scores: {names}.</translation>
    </message>
    <message>
        <source>The recipe does not join views by the worst one: parts of several views are counted roughly.</source>
        <translation>Das Rezept verknüpft Ansichten nicht nach der schlechtesten: Teile mit mehreren Ansichten sind nur grob gezählt.</translation>
    </message>
</context>
<context>
    <name>ThresholdFields</name>
    <message>
        <source>A part is accepted only below this score.</source>
        <translation>Ein Teil ist nur unterhalb dieses Scores gut.</translation>
    </message>
    <message>
        <source>Acce&amp;pt threshold</source>
        <translation>Gu&amp;t-Schwelle</translation>
    </message>
    <message>
        <source>At or above this score a part is rejected; between the two it is for review.</source>
        <translation>Ab diesem Score ist ein Teil Ausschuss; zwischen beiden Schwellen ist es zu prüfen.</translation>
    </message>
    <message>
        <source>Rejec&amp;t threshold</source>
        <translation>&amp;Ausschuss-Schwelle</translation>
    </message>
</context>
<context>
    <name>ToolPanel</name>
    <message>
        <source>Brush</source>
        <translation>Pinsel</translation>
    </message>
    <message>
        <source>Paint the chosen class (B)</source>
        <translation>Gewählte Klasse malen (B)</translation>
    </message>
    <message>
        <source>Eraser</source>
        <translation>Radierer</translation>
    </message>
    <message>
        <source>Paint back to normal (E)</source>
        <translation>Markierung wegnehmen (E)</translation>
    </message>
    <message>
        <source>Polygon</source>
        <translation>Polygon</translation>
    </message>
    <message>
        <source>Click the corners, Enter closes, Escape drops (P)</source>
        <translation>Ecken anklicken, Eingabe schließt, Esc verwirft (P)</translation>
    </message>
    <message>
        <source>Box</source>
        <translation>Rahmen</translation>
    </message>
    <message>
        <source>Draw a box around a defect: its mask is proposed (X)</source>
        <translation>Rahmen um einen Fehler ziehen: Maske wird vorgeschlagen (X)</translation>
    </message>
    <message>
        <source>Click</source>
        <translation>Klick</translation>
    </message>
    <message>
        <source>Click on a defect: its mask is proposed (C)</source>
        <translation>Auf einen Fehler klicken: Maske wird vorgeschlagen (C)</translation>
    </message>
    <message>
        <source>Pan</source>
        <translation>Schieben</translation>
    </message>
    <message>
        <source>Push the picture about (H, or space and drag)</source>
        <translation>Das Bild verschieben (H, oder Leertaste und ziehen)</translation>
    </message>
    <message>
        <source> px</source>
        <translation> px</translation>
    </message>
    <message>
        <source>Size of brush and eraser in pixels</source>
        <translation>Größe von Pinsel und Radierer in Pixeln</translation>
    </message>
    <message>
        <source>[ and ] change it</source>
        <translation>Mit [ und ] ändern</translation>
    </message>
    <message>
        <source>&amp;Size</source>
        <translation>&amp;Größe</translation>
    </message>
    <message>
        <source>Opacity of the marks</source>
        <translation>Deckkraft der Markierungen</translation>
    </message>
    <message>
        <source>&amp;Opacity</source>
        <translation>&amp;Deckkraft</translation>
    </message>
    <message>
        <source>Show &amp;map</source>
        <translation>&amp;Karte zeigen</translation>
    </message>
    <message>
        <source>Lay the anomaly map over the picture (M)</source>
        <translation>Anomaliekarte über das Bild legen (M)</translation>
    </message>
    <message>
        <source>Fit</source>
        <translation>Einpassen</translation>
    </message>
    <message>
        <source>1:1</source>
        <translation>1:1</translation>
    </message>
    <message>
        <source>The whole picture (0)</source>
        <translation>Das ganze Bild (0)</translation>
    </message>
    <message>
        <source>One pixel on one of the screen (1)</source>
        <translation>Ein Pixel auf einem Bildschirmpixel (1)</translation>
    </message>
    <message>
        <source>Nearer</source>
        <translation>Vergrößern</translation>
    </message>
    <message>
        <source>Nearer (+ or wheel)</source>
        <translation>Vergrößern (+ oder Mausrad)</translation>
    </message>
    <message>
        <source>Farther</source>
        <translation>Verkleinern</translation>
    </message>
    <message>
        <source>Farther (- or wheel)</source>
        <translation>Verkleinern (- oder Mausrad)</translation>
    </message>
</context>
<context>
    <name>TrendWidget</name>
    <message>
        <source>trend of the last {count} scores</source>
        <translation>Verlauf der letzten {count} Scores</translation>
    </message>
    <message>
        <source>parts ago</source>
        <translation>Teile zuvor</translation>
    </message>
    <message>
        <source>score</source>
        <translation>Score</translation>
    </message>
</context>
<context>
    <name>TunePicture</name>
    <message>
        <source>Picture with ROI and don&apos;t-care polygons</source>
        <translation>Bild mit Prüfbereichen (ROI) und Ausblendbereichen</translation>
    </message>
    <message>
        <source>&amp;Hold</source>
        <translation>&amp;Halten</translation>
    </message>
    <message>
        <source>Keep this picture while parts arrive</source>
        <translation>Dieses Bild behalten, während Teile kommen</translation>
    </message>
    <message>
        <source>newest picture</source>
        <translation>neuestes Bild</translation>
    </message>
    <message>
        <source>part just below the accept threshold</source>
        <translation>Teil knapp unter der Gut-Schwelle</translation>
    </message>
    <message>
        <source>part just above the accept threshold</source>
        <translation>Teil knapp über der Gut-Schwelle</translation>
    </message>
    <message>
        <source>part by its number</source>
        <translation>Teil nach Nummer</translation>
    </message>
    <message>
        <source>Which part&apos;s picture</source>
        <translation>Teil, dessen Bild gezeigt wird</translation>
    </message>
    <message>
        <source>part number, Enter</source>
        <translation>Teilenummer, Eingabe</translation>
    </message>
    <message>
        <source>Part number</source>
        <translation>Teilenummer</translation>
    </message>
    <message>
        <source>Camera</source>
        <translation>Kamera</translation>
    </message>
    <message>
        <source>F&amp;it</source>
        <translation>E&amp;inpassen</translation>
    </message>
    <message>
        <source>Whole picture (0)</source>
        <translation>Ganzes Bild (0)</translation>
    </message>
    <message>
        <source>&amp;1:1</source>
        <translation>&amp;1:1</translation>
    </message>
    <message>
        <source>Actual size (1)</source>
        <translation>Originalgröße (1)</translation>
    </message>
    <message>
        <source>Farther (- or wheel)</source>
        <translation>Verkleinern (- oder Mausrad)</translation>
    </message>
    <message>
        <source>Farther</source>
        <translation>Verkleinern</translation>
    </message>
    <message>
        <source>Nearer (+ or wheel)</source>
        <translation>Vergrößern (+ oder Mausrad)</translation>
    </message>
    <message>
        <source>Nearer</source>
        <translation>Vergrößern</translation>
    </message>
    <message>
        <source>ROI</source>
        <translation>Prüfbereich (ROI)</translation>
    </message>
    <message>
        <source>don&apos;t care</source>
        <translation>Ausblendbereich</translation>
    </message>
    <message>
        <source>What to draw</source>
        <translation>Art des Bereichs</translation>
    </message>
    <message>
        <source>ROI: only inside is inspected. Don&apos;t care: inside nothing counts.</source>
        <translation>Prüfbereich: Nur innen wird geprüft. Ausblendbereich: Innen zählt nichts.</translation>
    </message>
    <message>
        <source>Click point by point; Enter or a click on the first point closes, Escape drops</source>
        <translation>Punkt für Punkt klicken; Eingabe oder ein Klick auf den ersten Punkt schließt, Esc verwirft</translation>
    </message>
    <message>
        <source>A rectangle in the middle, to be pushed into place</source>
        <translation>Ein Rechteck in der Mitte, zum Verschieben</translation>
    </message>
    <message>
        <source>A point behind the selected one (Insert)</source>
        <translation>Ein Punkt hinter dem gewählten (Einfg)</translation>
    </message>
    <message>
        <source>The selected point or polygon (Delete)</source>
        <translation>Den gewählten Punkt oder das Polygon (Entf)</translation>
    </message>
    <message>
        <source>&amp;Draw</source>
        <translation>&amp;Zeichnen</translation>
    </message>
    <message>
        <source>Re&amp;ctangle</source>
        <translation>&amp;Rechteck</translation>
    </message>
    <message>
        <source>Add point</source>
        <translation>Punkt dazu</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Löschen</translation>
    </message>
    <message>
        <source>Click points. Enter closes the polygon, Escape drops it.</source>
        <translation>Punkte klicken. Eingabe schließt das Polygon, Esc verwirft es.</translation>
    </message>
    <message>
        <source>Drag or push with the arrow keys (Shift: 10 px). Page Down: next point.</source>
        <translation>Ziehen oder mit Pfeiltasten schieben (Umschalt: 10 px). Bild ab: nächster Punkt.</translation>
    </message>
</context>
<context>
    <name>TuneScreen</name>
    <message>
        <source>Tune</source>
        <translation>Einstellen</translation>
    </message>
    <message>
        <source>Take the &amp;new rules</source>
        <translation>Neue Regeln ü&amp;bernehmen</translation>
    </message>
    <message>
        <source>Your changes are dropped</source>
        <translation>Ihre Änderungen werden verworfen</translation>
    </message>
    <message>
        <source>&amp;Keep my changes</source>
        <translation>Meine Än&amp;derungen behalten</translation>
    </message>
    <message>
        <source>The new rules are the base, with your changes on top of them</source>
        <translation>Die neuen Regeln sind die Grundlage, darauf Ihre Änderungen</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Rückgängig</translation>
    </message>
    <message>
        <source>Di&amp;scard</source>
        <translation>Ver&amp;werfen</translation>
    </message>
    <message>
        <source>Take back the last step (Ctrl+Z)</source>
        <translation>Letzten Schritt zurücknehmen (Strg+Z)</translation>
    </message>
    <message>
        <source>Back to the rules in force</source>
        <translation>Zurück zu den gültigen Regeln</translation>
    </message>
    <message>
        <source>Appl&amp;y …</source>
        <translation>Übern&amp;ehmen …</translation>
    </message>
    <message>
        <source>Tuning: changes that are not applied ({names})</source>
        <translation>Einstellen: nicht übernommene Änderungen ({names})</translation>
    </message>
    <message>
        <source>Loading scores …</source>
        <translation>Scores werden geladen …</translation>
    </message>
    <message>
        <source>No scores of recipe {recipe} on record. Let the line inspect some parts, then reload.</source>
        <translation>Keine Scores zu Rezept {recipe} aufgezeichnet. Einige Teile prüfen lassen, dann neu laden.</translation>
    </message>
    <message>
        <source>The scores could not be loaded: {why} Press Reload to try again.</source>
        <translation>Die Scores konnten nicht geladen werden: {why} Mit „Neu laden“ erneut versuchen.</translation>
    </message>
    <message>
        <source>Recipe {recipe} decides now.</source>
        <translation>Rezept {recipe} gilt jetzt.</translation>
    </message>
    <message>
        <source>Newest picture: part {part}</source>
        <translation>Neuestes Bild: Teil {part}</translation>
    </message>
    <message>
        <source>No part below the accept threshold.</source>
        <translation>Kein Teil unter der Gut-Schwelle.</translation>
    </message>
    <message>
        <source>No part above the accept threshold.</source>
        <translation>Kein Teil über der Gut-Schwelle.</translation>
    </message>
    <message>
        <source>Type a part number.</source>
        <translation>Bitte eine Teilenummer eingeben.</translation>
    </message>
    <message>
        <source>Part {part}</source>
        <translation>Teil {part}</translation>
    </message>
    <message>
        <source>Part {part} has no picture: {why}</source>
        <translation>Teil {part} hat kein Bild: {why}</translation>
    </message>
    <message>
        <source>view {number}</source>
        <translation>Ansicht {number}</translation>
    </message>
    <message>
        <source>More bad parts would have been accepted than by the rules in force.</source>
        <translation>Es wären mehr schlechte Teile als gut bewertet worden als mit den gültigen Regeln.</translation>
    </message>
    <message>
        <source>Applied: recipe {recipe} decides now.</source>
        <translation>Übernommen: Rezept {recipe} gilt jetzt.</translation>
    </message>
    <message>
        <source>The line did not answer. Whether the changes took effect shows as soon as it is connected again.</source>
        <translation>Die Linie hat nicht geantwortet. Ob die Änderungen wirksam sind, zeigt sich, sobald sie wieder verbunden ist.</translation>
    </message>
    <message>
        <source>Not applied: {why}</source>
        <translation>Nicht übernommen: {why}</translation>
    </message>
    <message>
        <source>The recipe was changed elsewhere: {recipe} decides now. Choose what your changes are to stand on.</source>
        <translation>Das Rezept wurde an anderer Stelle geändert: {recipe} gilt jetzt. Bitte wählen, worauf Ihre Änderungen aufbauen sollen.</translation>
    </message>
    <message>
        <source>Shows the changes and asks once more</source>
        <translation>Zeigt die Änderungen und fragt noch einmal</translation>
    </message>
    <message>
        <source>Waiting for the line to say which rules decide.</source>
        <translation>Warten auf die Linie: gültige Regeln noch unbekannt.</translation>
    </message>
    <message>
        <source>Applying …</source>
        <translation>Wird übernommen …</translation>
    </message>
    <message>
        <source>Recipe {recipe} decides. Nothing is changed.</source>
        <translation>Rezept {recipe} gilt. Nichts geändert.</translation>
    </message>
    <message>
        <source>Changed, not in force yet: {names}.</source>
        <translation>Geändert, noch nicht gültig: {names}.</translation>
    </message>
    <message>
        <source>To apply changes the role engineer is needed. You can try thresholds here all the same.</source>
        <translation>Übernehmen erfordert die Rolle Ingenieur. Schwellen lassen sich hier trotzdem ausprobieren.</translation>
    </message>
    <message>
        <source>The line is not connected: nothing can be applied now.</source>
        <translation>Die Linie ist nicht verbunden: Übernehmen ist jetzt nicht möglich.</translation>
    </message>
    <message>
        <source>The reject threshold is below the accept threshold: raise it, or lower the other.</source>
        <translation>Die Ausschuss-Schwelle liegt unter der Gut-Schwelle: anheben oder die andere senken.</translation>
    </message>
    <message>
        <source>Thresholds are between 0 and 1, areas above 0 px.</source>
        <translation>Schwellen liegen zwischen 0 und 1, Flächen über 0 px.</translation>
    </message>
    <message>
        <source>A polygon encloses nothing: move its points apart, or delete it.</source>
        <translation>Ein Polygon umschließt nichts: Punkte auseinanderziehen oder Polygon löschen.</translation>
    </message>
    <message>
        <source>ROI and don&apos;t-care areas leave nothing to inspect: every part would be rejected.</source>
        <translation>Prüf- und Ausblendbereiche lassen nichts zu prüfen: Jedes Teil wäre Ausschuss.</translation>
    </message>
</context>
<context>
    <name>Who</name>
    <message>
        <source>Your password is changed.</source>
        <translation>Ihr Passwort ist geändert.</translation>
    </message>
    <message>
        <source>You are no longer logged in: {why}</source>
        <translation>Nicht mehr angemeldet: {why}</translation>
    </message>
    <message>
        <source>nobody has touched this screen for a while.</source>
        <translation>seit einer Weile hat niemand diesen Bildschirm berührt.</translation>
    </message>
</context>
<context>
    <name>Window</name>
    <message>
        <source>Line inspection</source>
        <translation>Inline-Prüfung</translation>
    </message>
    <message>
        <source>User, language, colours</source>
        <translation>Benutzer, Sprache, Farben</translation>
    </message>
    <message>
        <source>Log in …</source>
        <translation>Anmelden …</translation>
    </message>
    <message>
        <source>Change password …</source>
        <translation>Passwort ändern …</translation>
    </message>
    <message>
        <source>Log out</source>
        <translation>Abmelden</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>Dunkel</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>Hell</translation>
    </message>
    <message>
        <source>Full screen</source>
        <translation>Vollbild</translation>
    </message>
    <message>
        <source>not connected, retrying</source>
        <translation>nicht verbunden, neuer Versuch</translation>
    </message>
    <message>
        <source>connected</source>
        <translation>verbunden</translation>
    </message>
    <message>
        <source>nobody logged in</source>
        <translation>niemand angemeldet</translation>
    </message>
    <message>
        <source>Not saved</source>
        <translation>Nicht gespeichert</translation>
    </message>
    <message>
        <source>Discard</source>
        <translation>Verwerfen</translation>
    </message>
    <message>
        <source>Stay</source>
        <translation>Bleiben</translation>
    </message>
</context>
<context>
    <name>Words</name>
    <message>
        <source>ACCEPT</source>
        <translation>GUT</translation>
    </message>
    <message>
        <source>REJECT</source>
        <translation>AUSSCHUSS</translation>
    </message>
    <message>
        <source>REVIEW</source>
        <translation>PRÜFEN</translation>
    </message>
    <message>
        <source>MISSED</source>
        <translation>VERPASST</translation>
    </message>
    <message>
        <source>WAITING</source>
        <translation>WARTET</translation>
    </message>
    <message>
        <source>NOT INSPECTING</source>
        <translation>KEINE PRÜFUNG</translation>
    </message>
    <message>
        <source>NOT CONNECTED</source>
        <translation>NICHT VERBUNDEN</translation>
    </message>
    <message>
        <source>good</source>
        <translation>gut</translation>
    </message>
    <message>
        <source>score above the threshold</source>
        <translation>Score über der Schwelle</translation>
    </message>
    <message>
        <source>defect too large</source>
        <translation>Fehler zu groß</translation>
    </message>
    <message>
        <source>no valid score</source>
        <translation>kein gültiger Score</translation>
    </message>
    <message>
        <source>no image for the trigger</source>
        <translation>kein Bild zum Trigger</translation>
    </message>
    <message>
        <source>image incomplete</source>
        <translation>Bild unvollständig</translation>
    </message>
    <message>
        <source>same image twice</source>
        <translation>zweimal dasselbe Bild</translation>
    </message>
    <message>
        <source>image too dark</source>
        <translation>Bild zu dunkel</translation>
    </message>
    <message>
        <source>image too bright</source>
        <translation>Bild zu hell</translation>
    </message>
    <message>
        <source>image of the wrong size</source>
        <translation>falsche Bildgröße</translation>
    </message>
    <message>
        <source>engine too slow</source>
        <translation>Auswertung zu langsam</translation>
    </message>
    <message>
        <source>engine failed</source>
        <translation>Auswertung ausgefallen</translation>
    </message>
    <message>
        <source>decision failed</source>
        <translation>Entscheidung ausgefallen</translation>
    </message>
    <message>
        <source>verdict too late</source>
        <translation>Urteil zu spät</translation>
    </message>
    <message>
        <source>disk took no record</source>
        <translation>Aufzeichnung fehlgeschlagen</translation>
    </message>
    <message>
        <source>line restarted</source>
        <translation>Linie neu gestartet</translation>
    </message>
    <message>
        <source>line was stopped</source>
        <translation>Linie war gestoppt</translation>
    </message>
    <message>
        <source>starting</source>
        <translation>startet</translation>
    </message>
    <message>
        <source>halted</source>
        <translation>angehalten</translation>
    </message>
    <message>
        <source>error</source>
        <translation>Störung</translation>
    </message>
    <message>
        <source>waiting for the gate</source>
        <translation>wartet auf die Weiche</translation>
    </message>
    <message>
        <source>ready</source>
        <translation>bereit</translation>
    </message>
    <message>
        <source>inspecting one part</source>
        <translation>prüft ein Teil</translation>
    </message>
    <message>
        <source>inspecting</source>
        <translation>Prüfung läuft</translation>
    </message>
    <message>
        <source>failure</source>
        <translation>Ausfall</translation>
    </message>
    <message>
        <source>check function</source>
        <translation>Funktionskontrolle</translation>
    </message>
    <message>
        <source>out of specification</source>
        <translation>außerhalb der Spezifikation</translation>
    </message>
    <message>
        <source>maintenance required</source>
        <translation>Wartungsbedarf</translation>
    </message>
    <message>
        <source>operator</source>
        <translation>Bediener</translation>
    </message>
    <message>
        <source>engineer</source>
        <translation>Ingenieur</translation>
    </message>
    <message>
        <source>admin</source>
        <translation>Admin</translation>
    </message>
    <message>
        <source>confirmed</source>
        <translation>bestätigt</translation>
    </message>
    <message>
        <source>false reject</source>
        <translation>Pseudofehler</translation>
    </message>
    <message>
        <source>escape</source>
        <translation>Schlupf</translation>
    </message>
    <message>
        <source>not judged yet</source>
        <translation>noch nicht beurteilt</translation>
    </message>
    <message>
        <source>camera</source>
        <translation>Kamera</translation>
    </message>
    <message>
        <source>trigger counts cannot be compared</source>
        <translation>Triggerzähler nicht vergleichbar</translation>
    </message>
    <message>
        <source>trigger counts disagree</source>
        <translation>Triggerzähler widersprechen sich</translation>
    </message>
    <message>
        <source>engine</source>
        <translation>Auswertung</translation>
    </message>
    <message>
        <source>engine slower than the line</source>
        <translation>Auswertung langsamer als die Linie</translation>
    </message>
    <message>
        <source>parts cannot be inspected</source>
        <translation>Teile können nicht geprüft werden</translation>
    </message>
    <message>
        <source>reject gate</source>
        <translation>Weiche</translation>
    </message>
    <message>
        <source>reject not confirmed by the gate</source>
        <translation>Weiche hat nicht bestätigt</translation>
    </message>
    <message>
        <source>gate acknowledged another part</source>
        <translation>Weiche quittierte ein anderes Teil</translation>
    </message>
    <message>
        <source>reject link</source>
        <translation>Verbindung zur Weiche</translation>
    </message>
    <message>
        <source>belt&apos;s position unknown</source>
        <translation>Bandposition unbekannt</translation>
    </message>
    <message>
        <source>verdicts too late</source>
        <translation>Urteile zu spät</translation>
    </message>
    <message>
        <source>disk takes no record</source>
        <translation>Datenträger nimmt nichts auf</translation>
    </message>
    <message>
        <source>picture archive</source>
        <translation>Bildarchiv</translation>
    </message>
    <message>
        <source>pictures come too fast for the archive</source>
        <translation>Bilder kommen zu schnell fürs Archiv</translation>
    </message>
    <message>
        <source>rejects in a row</source>
        <translation>Ausschuss in Folge</translation>
    </message>
    <message>
        <source>many rejects</source>
        <translation>viel Ausschuss</translation>
    </message>
    <message>
        <source>database</source>
        <translation>Datenbank</translation>
    </message>
    <message>
        <source>database refuses entries</source>
        <translation>Datenbank weist Einträge ab</translation>
    </message>
    <message>
        <source>program part ended</source>
        <translation>Programmteil beendet</translation>
    </message>
    <message>
        <source>program error</source>
        <translation>Programmfehler</translation>
    </message>
</context>
<context>
    <name>_Legend</name>
    <message>
        <source>rejects: {count}</source>
        <translation>Ausschuss: {count}</translation>
    </message>
    <message>
        <source>counts: {count}</source>
        <translation>zählt: {count}</translation>
    </message>
    <message>
        <source>too small: {count}</source>
        <translation>zu klein: {count}</translation>
    </message>
</context>
</TS>
