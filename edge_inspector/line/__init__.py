"""The line process: camera to outputs and a small control socket; nothing in it holds the interpreter for long.

plan.py         settings -> what will run, with every name resolved (check-config prints it)
process.py      the composition root: builds the objects, runs the controller, stops everything in its order
stations.py     several lines in one process, which share engines
threads.py      whose a thread is that has died
controller.py   the main loop: events in, state transitions and arming out
counting.py     from which trigger count parts are inspected, and which passed unseen
policies.py     late parts and too many rejects: an alarm or a stop, by the recipe
alarms.py       when rejects are too many
events.py       what other threads tell the main loop
listener.py     the reject link's events, for the main loop and the outputs
gate_watch.py   whether the gate confirms its rejects, and what follows where it does not
loading.py      recipe version -> judge
control.py      what the control socket offers
confirm.py      what a person says of a part
snapshot.py     what the line says of itself
desk_child.py   starts a desk where nobody else does
"""
