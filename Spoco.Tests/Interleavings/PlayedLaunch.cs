using System.Reflection;
using System.Runtime.InteropServices;

namespace Spoco.Tests.Interleavings;

/// <summary>The threads of one launch or pass, and what they have in common.</summary>
internal sealed unsafe class PlayedLaunch(PlayedMemory memory, int groups, int groupSize, Random random) : IDisposable
{
    /// <summary>Threads of a warp.</summary>
    public const int WarpSize = 32;

    private readonly List<PlayedThread> _threads = [];
    private readonly Dictionary<(int Group, MethodBase Method, int Length, int Number), long> _shared = [];
    private readonly Dictionary<(int Thread, MethodBase Method), int> _allocations = [];

    /// <summary>Memory that the threads share.</summary>
    public PlayedMemory Memory { get; } = memory;

    /// <summary>Number of groups.</summary>
    public int Groups { get; } = groups;

    /// <summary>Threads of a group.</summary>
    public int GroupSize { get; } = groupSize;

    /// <summary>Adds a thread.</summary>
    public void Add(PlayedThread thread) => _threads.Add(thread);

    /// <summary>Shared memory of a thread's group: threads that allocate in the same order get the same.</summary>
    public MemoryView Shared(PlayedThread thread, MethodBase method, Type element, long length)
    {
        var number = CollectionsMarshal.GetValueRefOrAddDefault(_allocations, (thread.Number, method), out _)++;
        ref var address = ref CollectionsMarshal.GetValueRefOrAddDefault(_shared, (thread.Group, method, (int)length, number), out var known);
        if (!known)
        {
            var bytes = length * Layout.SizeOf(element);
            address = (long)NativeMemory.AlignedAlloc((nuint)bytes, 64);
            Memory.AllowTaken(address, bytes);
            // It comes as others left it.
            random.NextBytes(new Span<byte>((void*)address, (int)bytes));
        }

        return new MemoryView(address, length, element);
    }

    /// <summary>Lets the threads take turns until all are at their end.</summary>
    /// <param name="schedule">Who is next.</param>
    /// <param name="mostSteps">Steps after which it counts as hanging.</param>
    /// <returns>Steps taken.</returns>
    public long Run(Schedule schedule, long mostSteps)
    {
        schedule.Begin(_threads.Count);
        var ready = Enumerable.Range(0, _threads.Count).ToList();
        var waiting = new int[Groups];
        var waitingForWarp = new Dictionary<(int Group, int Warp), int>();
        for (var step = 0L; ; step++)
        {
            if (ready.Count == 0)
            {
                if (waiting.Concat(waitingForWarp.Values).FirstOrDefault(count => count > 0) is > 0 and var stuck)
                    throw new PlayFault($"{stuck} of {GroupSize} threads of a group are at a barrier, the others are at their end");
                return step;
            }

            if (step == mostSteps)
                throw new PlayFault($"no end after {mostSteps} steps");
            var thread = _threads[schedule.Next(ready)];
            thread.Advance();
            if (thread.State == ThreadState.Ready)
                continue;
            ready.Remove(thread.Number);
            if (thread.State == ThreadState.AtBarrier && ++waiting[thread.Group] == GroupSize)
            {
                waiting[thread.Group] = 0;
                Release(t => t.Group == thread.Group);
            }
            else if (thread.State == ThreadState.AtWarpBarrier)
            {
                ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(waitingForWarp, (thread.Group, thread.Warp), out _);
                if (++count == Math.Min(WarpSize, GroupSize - thread.Warp * WarpSize))
                {
                    count = 0;
                    Release(t => t.Group == thread.Group && t.Warp == thread.Warp);
                }
            }
        }

        void Release(Func<PlayedThread, bool> isReleased)
        {
            foreach (var other in _threads.Where(isReleased))
            {
                other.Pass(Memory.Time);
                ready.Add(other.Number);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var thread in _threads)
            thread.Dispose();
        foreach (var address in _shared.Values)
            NativeMemory.AlignedFree((void*)address);
    }
}
