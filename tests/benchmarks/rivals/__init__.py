"""PRN beside anomalib's PatchCore and PaDiM: same images, same backbone weights, same metric code, times and memory taken the same way.

__main__.py       the command: options, rows one after the other, the table
sets.py           the data sets, the images each method is tested on, what identifies them
environment.py    anomalib's own virtual environment, and that its backbone computes what ours does
in_anomalib.py    the script that runs in it; imports nothing of this project
rows.py           how a row comes about: stages in child processes, each kept on disk
process.py        a child process with its time and peak memory
maps.py           our metrics over maps on disk
exported.py       a child: times an exported graph
features.py       a child: our backbone's maps of one image
table.py          a row, its key, and the Markdown
"""
