using System.Numerics;

namespace Spoco.Tests.Cuda;

/// <summary>What a kernel asks of the units of a multiprocessor, over its launches.</summary>
internal sealed class PtxTally
{
    private const int SectorBytes = 32;
    private const int Banks = 32;

    /// <summary>Whether accesses of memory are counted, which takes time.</summary>
    public bool Counts { get; set; }

    /// <summary>Launches.</summary>
    public int Launches { get; set; }

    /// <summary>Instructions of warps.</summary>
    public long Instructions { get; private set; }

    /// <summary>Threads that carried them out, all together.</summary>
    public long Threads { get; private set; }

    /// <summary>Products of matrix units.</summary>
    public long Products { get; set; }

    /// <summary>Atomic changes, one for every thread.</summary>
    public long Atomics { get; set; }

    /// <summary>Loads and stores of memory: instructions, bytes that threads asked for, and sectors of 32 bytes that they lie in.</summary>
    public (long Requests, long Bytes, long Sectors) Loads, Stores;

    /// <summary>Accesses to shared memory: instructions, rounds that they take, and rounds that as many bytes take at least.</summary>
    public (long Requests, long Rounds, long Least) Shared;

    /// <summary>Counts anew.</summary>
    public void Clear() => (Launches, Instructions, Threads, Products, Atomics, Loads, Stores, Shared) = (0, 0, 0, 0, 0, default, default, default);

    /// <summary>Counts an instruction.</summary>
    public void Instruction(uint lanes)
    {
        Instructions++;
        Threads += BitOperations.PopCount(lanes);
    }

    /// <summary>Counts loads or stores of a warp, so many bytes a thread.</summary>
    public void Access(bool isShared, bool isStore, ReadOnlySpan<ulong> addresses, uint lanes, int bytes)
    {
        if (!Counts)
            return;
        if (isShared)
        {
            // A round serves 128 bytes: all threads by 4 bytes, a half of them by 8, a quarter by 16.
            var together = Math.Min(PtxWarp.Size, 128 / Math.Max(4, bytes));
            var rounds = 0;
            for (var first = 0; first < PtxWarp.Size; first += together)
                rounds += Rounds(addresses.Slice(first, together), lanes >> first, bytes);
            var words = Distinct(addresses, lanes, Math.Max(4, bytes), 4).Count;
            Shared = (Shared.Requests + 1, Shared.Rounds + rounds, Shared.Least + (words + Banks - 1) / Banks);
            return;
        }

        var sectors = Distinct(addresses, lanes, bytes, SectorBytes).Count;
        ref var total = ref isStore ? ref Stores : ref Loads;
        total = (total.Requests + 1, total.Bytes + (long)bytes * BitOperations.PopCount(lanes), total.Sectors + sectors);
    }

    /// <summary>Counts a load of matrices from shared memory, by the places of their rows: a round for eight of them.</summary>
    public void Matrix(ReadOnlySpan<ulong> rows)
    {
        if (!Counts)
            return;
        var rounds = 0;
        for (var first = 0; first < rows.Length; first += 8)
            rounds += Rounds(rows.Slice(first, 8), uint.MaxValue, 16);
        Shared = (Shared.Requests + 1, Shared.Rounds + rounds, Shared.Least + rows.Length / 8);
    }

    // As many as there are different words in one bank.
    private static int Rounds(ReadOnlySpan<ulong> addresses, uint lanes, int bytes)
    {
        Span<int> inBank = stackalloc int[Banks];
        inBank.Clear();
        foreach (var word in Distinct(addresses, lanes, bytes, 4))
            inBank[(int)(word % Banks)]++;
        var most = 0;
        foreach (var count in inBank)
            most = Math.Max(most, count);
        return most;
    }

    private static HashSet<long> Distinct(ReadOnlySpan<ulong> addresses, uint lanes, int bytes, int unit)
    {
        var found = new HashSet<long>();
        for (var i = 0; i < addresses.Length; i++)
        {
            if ((lanes >> i & 1) == 0)
                continue;
            for (var at = (long)addresses[i] / unit; at <= ((long)addresses[i] + bytes - 1) / unit; at++)
                found.Add(at);
        }

        return found;
    }
}
