namespace Spoco.Tests.Interleavings;

/// <summary>
/// The places where threads of one launch may reach the same memory, one of them writing, with nothing that orders them: each with the argument in the code
/// why any order is right. All others are faults. By the methods that make the accesses, whatever the kernel or pass that calls them.
/// </summary>
internal static class ArguedConflicts
{
    private static readonly Dictionary<string, string> Known = new()
    {
        // Devices. See ConcurrentSetsSimt.
        ["ConcurrentSetsSimt.Find Write | ConcurrentSetsSimt.Find Write"] = "ancestors only",
        ["ConcurrentSetsSimt.Find Read | ConcurrentSetsSimt.Find Write"] = "ancestors only",
        ["ConcurrentSetsSimt.Find Read | ConcurrentSetsSimt.Unite Atomic"] = "what was a root is an ancestor still",
        ["ConcurrentSetsSimt.Find Write | ConcurrentSetsSimt.Unite Atomic"] = "no root is written",

        // See KeyAtomics: what is read is old, and smaller.
        ["WideAtomics.Raise Atomic | WideAtomics.Raise Read"] = "keys only grow",
        ["MutexPrioritiesSimt.Maximum Atomic | MutexPrioritiesSimt.Maximum Read"] = "the maximum only grows",

        ["ReachabilityKernels.Nearest Atomic | ReachabilityKernels.Nearest Read"] = "bounds only fall, and no edge before the last of them is left out",

        // The host. See ConcurrentSetsHost.
        ["ConcurrentSetsHost.Find Write | ConcurrentSetsHost.Find Write"] = "ancestors only",
        ["ConcurrentSetsHost.Find Read | ConcurrentSetsHost.Find Write"] = "ancestors only",
        ["ConcurrentSetsHost.Find Write | MutexTreeHost.Link Read"] = "whether a node is a root does not change",
        ["ConcurrentSetsHost.Find Write | MutexContractionHost.Contract Read"] = "whether a node is a root does not change",
        ["ConcurrentSetsHost.Find Read | ConcurrentSetsHost.Unite Atomic"] = "what was a root is an ancestor still",
        ["ConcurrentSetsHost.Find Write | ConcurrentSetsHost.Unite Atomic"] = "no root is written",
        ["KeyAtomicsHost.Raise Atomic | KeyAtomicsHost.Raise Read"] = "keys only grow",
        ["RangeShares.TakeFrom Atomic | RangeShares.TakeFrom Read"] = "an old word fails its compare-and-swap",
        ["MutexListExclusionsHost.Block Read | MutexListExclusionsHost.Block Write"] = "all write 1; who reads 1 has nothing to do",
    };

    /// <summary>Their number.</summary>
    public static int Count => Known.Count;

    /// <summary>A conflict by the methods that make the accesses.</summary>
    public static string NameOf(Conflict conflict) => $"{conflict.First} | {conflict.Second}";

    /// <summary>Those that nobody argues for.</summary>
    public static IEnumerable<Conflict> Faults(IEnumerable<Conflict> conflicts) => conflicts.Where(c => !Known.ContainsKey(NameOf(c)));
}
