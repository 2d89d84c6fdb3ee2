namespace Spoco.Tests.Interleavings;

/// <summary>
/// The places where threads of one launch may reach the same memory, one of them writing, with nothing that orders them: each with the argument in the code
/// why any order is right. All others are faults. By the methods that make the accesses, whatever the kernel or pass that calls them.
/// </summary>
internal static class ArguedConflicts
{
    private static readonly Dictionary<string, string> Known = new()
    {
        // Devices. See MutexTreeKernels.Find, MutexContractionKernels.Unite.
        ["MutexTreeKernels.Find Write | MutexTreeKernels.Find Write"] = "ancestors only",
        ["MutexTreeKernels.Find Read | MutexTreeKernels.Find Write"] = "ancestors only",
        ["MutexContractionKernels.Unite Atomic | MutexTreeKernels.Find Read"] = "what was a root is an ancestor still",
        ["MutexContractionKernels.Unite Atomic | MutexTreeKernels.Find Write"] = "no root is written",

        // See KeyAtomics: what is read is old, and smaller.
        ["WideAtomics.Raise Atomic | WideAtomics.Raise Read"] = "keys only grow",
        ["MutexGridKernels.Maximum Atomic | MutexGridKernels.Maximum Read"] = "the maximum only grows",

        // The host. See HostAtomic.
        ["HostAtomic.Find Write | HostAtomic.Find Write"] = "ancestors only",
        ["HostAtomic.Find Read | HostAtomic.Find Write"] = "ancestors only",
        ["HostAtomic.Find Write | MutexTreeHost.Link Read"] = "whether a node is a root does not change",
        ["HostAtomic.Find Write | MutexContractionHost.Contract Read"] = "whether a node is a root does not change",
        ["HostAtomic.Find Read | HostAtomic.Unite Atomic"] = "what was a root is an ancestor still",
        ["HostAtomic.Find Write | HostAtomic.Unite Atomic"] = "no root is written",
        ["HostAtomic.Raise Atomic | HostAtomic.Raise Read"] = "keys only grow",
        ["RangeShares.TakeFrom Atomic | RangeShares.TakeFrom Read"] = "an old word fails its compare-and-swap",
        ["MutexListHost.Block Read | MutexListHost.Block Write"] = "all write 1; who reads 1 has nothing to do",
    };

    /// <summary>Their number.</summary>
    public static int Count => Known.Count;

    /// <summary>A conflict by the methods that make the accesses.</summary>
    public static string NameOf(Conflict conflict) => $"{conflict.First} | {conflict.Second}";

    /// <summary>Those that nobody argues for.</summary>
    public static IEnumerable<Conflict> Faults(IEnumerable<Conflict> conflicts) => conflicts.Where(c => !Known.ContainsKey(NameOf(c)));
}
