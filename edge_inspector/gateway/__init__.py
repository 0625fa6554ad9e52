"""PLC-side clients of the reject link, each a process of its own.

link.py        the reject link's side of a gateway: connected only while a PLC is, and gone within two heartbeats when the line is
handshake.py   results valid / results ack: one result at a time, in order, none overwritten
registers.py   the Modbus register map
exchange.py    what the map's registers say and do
modbus.py      the Modbus TCP server
nodes.py       the OPC UA address space, in the names of OPC 40100-1
opcua.py       the OPC UA server
sim.py         plc-sim: a PLC without a belt
"""
