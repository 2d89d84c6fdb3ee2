using System.Runtime.InteropServices;

namespace Spoco.Tests.Interleavings;

/// <summary>How a thread reaches memory that others see.</summary>
internal enum Access : byte
{
    Read,
    Write,
    Atomic,
}

/// <summary>Two threads of one launch that reach a place without anything between them that orders them, at least one of them writing.</summary>
/// <param name="Launch">The kernel or pass.</param>
/// <param name="First">A method, and how it reaches the place.</param>
/// <param name="Second">The other.</param>
internal sealed record Conflict(string Launch, string First, string Second);

/// <summary>How old the values may be that plain loads see.</summary>
internal enum Staleness
{
    /// <summary>The newest, always: threads take turns, and nothing else.</summary>
    None,

    /// <summary>Now and then a load takes an older version than the newest.</summary>
    Rare,

    /// <summary>Most loads take an older version.</summary>
    Frequent,

    /// <summary>A thread goes on seeing what it saw first, as in a cache that nobody refreshes. Devices only.</summary>
    Lasting,
}

/// <summary>
/// Memory that the threads of one launch share, as the weakest machine would show it that the code may run on. All versions of a word that were
/// stored since the launch began are kept. A plain load takes any of them but one older than the thread's own last store there, or than what stood there at the
/// last barrier of its group. On a device a later load may take an older version than an earlier one, and what an atomic has just shown may be
/// hidden from plain loads; a host is coherent, so that what a thread has seen of a word it never sees older. Atomics see and change the newest version.
/// </summary>
/// <param name="random">Chooses versions.</param>
/// <param name="isHost">Whether words are coherent.</param>
/// <param name="staleness">How old the values may be that plain loads see.</param>
/// <param name="recordConflicts">Whether to look for conflicts.</param>
internal sealed unsafe class PlayedMemory(Random random, bool isHost, Staleness staleness, bool recordConflicts)
{
    private readonly Dictionary<long, List<(long Time, ulong Word)>> _versions = [];
    private readonly Dictionary<(object? Holder, long Unit), List<Visitor>> _visits = [];
    private readonly List<(long Start, long End)> _bounds = [];
    private long _time;

    /// <summary>What was found.</summary>
    public HashSet<Conflict> Conflicts { get; } = [];

    /// <summary>Now, in stores.</summary>
    public long Time => _time;

    /// <summary>The kernel or pass that runs.</summary>
    public string Launch { get; set; } = "";

    /// <summary>Limits the addresses that may be reached to those that are named in this way; without any, all may be.</summary>
    public void Allow(long start, long bytes) => _bounds.Add((start, start + bytes));

    /// <summary>Lets threads reach memory that the launch itself has taken.</summary>
    public void AllowTaken(long start, long bytes)
    {
        if (_bounds.Count > 0)
            Allow(start, bytes);
    }

    /// <summary>Forgets what the finished launch did: all of it is visible now.</summary>
    public void EndLaunch()
    {
        _versions.Clear();
        _visits.Clear();
    }

    public ulong Load(PlayedThread thread, long address, int size)
    {
        Check(address, size);
        Visit(thread, address, size, Access.Read, 0);
        var word = address & ~7L;
        if (staleness == Staleness.Lasting && thread.Cached.TryGetValue(word, out var cached))
            return Part(cached, address, size);
        if (!_versions.TryGetValue(word, out var versions))
        {
            if (staleness == Staleness.Lasting)
                thread.Cached[word] = *(ulong*)word;
            return Part(*(ulong*)word, address, size);
        }

        var newest = versions.Count - 1;
        var chosen = newest;
        if (staleness != Staleness.None && random.Next(10) < (staleness == Staleness.Rare ? 2 : 8))
            chosen = random.Next(Oldest(thread, word, versions), newest + 1);
        if (isHost)
            thread.Seen[word] = chosen;
        if (staleness == Staleness.Lasting)
            thread.Cached[word] = versions[chosen].Word;
        return Part(versions[chosen].Word, address, size);
    }

    /// <summary>Takes note of what the runtime has stored by itself, in a call that was not played.</summary>
    public void Refresh(PlayedThread thread)
    {
        foreach (var (word, versions) in _versions)
        {
            if (versions[^1].Word == *(ulong*)word)
                continue;
            versions.Add((++_time, *(ulong*)word));
            thread.Seen[word] = versions.Count - 1;
        }
    }

    public void Store(PlayedThread thread, long address, int size, ulong bits)
    {
        Check(address, size);
        Visit(thread, address, size, Access.Write, bits);
        Put(thread, address, size, bits);
    }

    /// <summary>Replaces a value by what <paramref name="change"/> makes of it; returns the value before.</summary>
    public ulong Exchange(PlayedThread thread, long address, int size, Func<ulong, ulong> change)
    {
        Check(address, size);
        Visit(thread, address, size, Access.Atomic, 0);
        var before = Part(*(ulong*)(address & ~7L), address, size);
        if (change(before) is var after && after != before)
            Put(thread, address, size, after);
        else if (isHost && _versions.TryGetValue(address & ~7L, out var versions))
            thread.Seen[address & ~7L] = versions.Count - 1;
        return before;
    }

    private static ulong Part(ulong word, long address, int size)
    {
        var shifted = word >> (8 * (int)(address & 7));
        return size == 8 ? shifted : shifted & ((1ul << (8 * size)) - 1);
    }

    private void Put(PlayedThread thread, long address, int size, ulong bits)
    {
        var word = address & ~7L;
        ref var versions = ref CollectionsMarshal.GetValueRefOrAddDefault(_versions, word, out var known);
        if (!known)
            versions = [(0, *(ulong*)word)];
        RawMemory.Put(address, size, bits);
        versions!.Add((++_time, *(ulong*)word));
        thread.Seen[word] = versions.Count - 1;
        if (!thread.Cached.TryGetValue(word, out var cached))
            return;
        // The thread sees its own store, and of what lies beside it what it saw before.
        var mask = size == 8 ? ulong.MaxValue : ((1ul << (8 * size)) - 1) << (8 * (int)(address & 7));
        thread.Cached[word] = (cached & ~mask) | (*(ulong*)word & mask);
    }

    private static int Oldest(PlayedThread thread, long word, List<(long Time, ulong Word)> versions)
    {
        var oldest = thread.Seen.GetValueOrDefault(word);
        while (oldest + 1 < versions.Count && versions[oldest + 1].Time <= thread.SynchronizedAt)
            oldest++;
        return oldest;
    }

    private void Check(long address, int size)
    {
        if ((address & (size - 1)) != 0)
            throw new PlayFault($"an access of {size} bytes at an address that is no multiple of that");
        if (_bounds.Count == 0)
            return;
        foreach (var (start, end) in _bounds)
            if (address >= start && address + size <= end)
                return;
        throw new PlayFault("an access outside all memory that was given");
    }

    /// <summary>Takes note of an access to a field of an object or an element of an array.</summary>
    /// <param name="thread">Who.</param>
    /// <param name="holder">The object or array.</param>
    /// <param name="place">Which field or element.</param>
    /// <param name="access">How.</param>
    /// <param name="bits">What is stored.</param>
    public void VisitManaged(PlayedThread thread, object holder, long place, Access access, long bits = 0)
    {
        if (recordConflicts)
            VisitUnit(thread, holder, place, access, (ulong)bits);
    }

    private void Visit(PlayedThread thread, long address, int size, Access access, ulong bits)
    {
        if (!recordConflicts)
            return;
        VisitUnit(thread, null, address, access, bits);
        if (size == 8)
            VisitUnit(thread, null, address + 4, access, bits);
    }

    private void VisitUnit(PlayedThread thread, object? holder, long unit, Access access, ulong bits)
    {
        ref var visits = ref CollectionsMarshal.GetValueRefOrAddDefault(_visits, (holder, unit), out var known);
        if (!known)
            visits = [];
        var visit = new Visitor(thread.Number, thread.Group, thread.Epoch, thread.Warp, thread.WarpEpoch, access, bits, thread.Place);
        var seen = false;
        foreach (var other in visits!)
        {
            seen |= other == visit;
            if (other.Thread == visit.Thread || IsOrdered(other, visit))
                continue;
            if (other.Access == access && (access != Access.Write || other.Bits == bits))
                continue;
            var (first, second) = ($"{other.Place} {other.Access}", $"{visit.Place} {access}");
            if (string.CompareOrdinal(first, second) > 0)
                (first, second) = (second, first);
            Conflicts.Add(new Conflict(Launch, first, second));
        }

        // A few visits of each place are enough to find a conflict of every kind.
        if (!seen && visits.Count < 12)
            visits.Add(visit);
    }

    /// <summary>Whether a barrier that both have passed stands between.</summary>
    private static bool IsOrdered(Visitor one, Visitor other) =>
        one.Group == other.Group && (one.Epoch != other.Epoch || (one.Warp == other.Warp && one.WarpEpoch != other.WarpEpoch));

    private readonly record struct Visitor(int Thread, int Group, int Epoch, int Warp, int WarpEpoch, Access Access, ulong Bits, string Place);
}

/// <summary>What a play found wrong.</summary>
internal sealed class PlayFault(string message) : Exception(message);
