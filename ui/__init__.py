"""The operator GUI: a client of line and desk, in a process of its own. Of ours it imports wire, settings, records and errors alone.

app.py       the command line, the application, its window
bridge.py    the only thread crossing: what the workers bring becomes signals on Qt's thread
workers.py   the threads that talk to line and desk; no Qt
model/       what the screens show and decide, without Qt
widgets/     one widget a file
screens/     the pages of the window: live, review, label, tune, login
window.py    the frame around them
theme.py     colours and sizes, dark and light
language.py  translations (Qt Linguist), en and de
"""
