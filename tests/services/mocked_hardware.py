"""A battery and a plug that a test moves: `set DEVICE ATTRIBUTE VALUE`, `event DEVICE ACTION`."""

import os

import gi

gi.require_version("UMockdev", "1.0")
from gi.repository import UMockdev  # noqa: E402

bed = UMockdev.Testbed.new()
battery = {
    "type": "Battery", "present": "1", "status": "Charging", "scope": "System", "capacity": "80",
    "energy_full": "60000000", "energy_full_design": "60000000", "energy_now": "48000000",
    "voltage_now": "12000000", "power_now": "10000000",
}
devices = {
    "AC": bed.add_device("power_supply", "AC", None, ["type", "Mains", "online", "1"], []),
    "BAT0": bed.add_device(
        "power_supply", "BAT0", None, [word for pair in battery.items() for word in pair],
        ["POWER_SUPPLY_ONLINE", "1"]),
}
os.chmod(bed.get_root_dir(), 0o777)
with open("/run/hardware/env.part", "w") as env:
    env.write(f"UMOCKDEV_DIR={bed.get_root_dir()}\nLD_PRELOAD=libumockdev-preload.so.0\n")
os.mkfifo("/run/hardware/control")
os.rename("/run/hardware/env.part", "/run/hardware/env")
while True:
    with open("/run/hardware/control") as control:
        for line in control:
            what, device, *rest = line.split()
            if what == "set":
                bed.set_attribute(devices[device], *rest)
            else:
                bed.uevent(devices[device], *rest)
