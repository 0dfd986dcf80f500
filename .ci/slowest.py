"""The slowest tests of a JUnit file, and the share of the time that they take: python3 .ci/slowest.py JUNIT [HOW MANY]"""
import sys
import xml.etree.ElementTree as ElementTree

path, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 10
suites = ElementTree.parse(path).getroot().iter("testsuite")
tests = [(float(test.get("time")), suite.get("name"), test.get("name")) for suite in suites for test in suite.iter("testcase")]
tests.sort(reverse=True)
total = sum(time for time, _, _ in tests)
print(f"{len(tests)} tests took {total:.0f} s; the slowest {min(count, len(tests))} of them {sum(time for time, _, _ in tests[:count]) / total:.0%}:")
for time, suite, name in tests[:count]:
    print(f"{time:7.1f} s  {suite}  {name}")
