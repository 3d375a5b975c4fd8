// Most of these tests wait for a process, a page or a clock: more of them go at once than there are cores.
[assembly: Xunit.CollectionBehavior(MaxParallelThreads = 4)]
