namespace Spoco.Kernels.Primitives;

/// <summary>Pooled host memory of one computation, returned as a whole; and its loops over the workers.</summary>
internal sealed unsafe class HostScratch(HostDevice host, string owner) : IDisposable
{
    /// <summary>Below this many indices another worker costs more than it saves.</summary>
    private const int MinimumPerWorker = 2048;

    private readonly Dictionary<nint, DeviceMemory> _taken = [];

    /// <summary>Workers that take part in a loop over many indices.</summary>
    public int Workers => host.Workers.Workers;

    /// <summary>Takes memory with undefined contents; workers may do so at once.</summary>
    public T* Take<T>(long length) where T : unmanaged
    {
        var buffer = host.Allocate<T>(Math.Max(1, length), owner);
        lock (_taken)
            _taken[(nint)buffer.HostAddress] = buffer.Memory;
        return buffer.HostAddress;
    }

    /// <summary>Returns memory before the end of the computation; workers may do so at once.</summary>
    public void Return<T>(T* memory) where T : unmanaged
    {
        DeviceMemory? block;
        // Forgotten before it goes back to the pool, from where another worker may take and note it under the same address.
        lock (_taken)
            _taken.Remove((nint)memory, out block);
        block?.Dispose();
    }

    /// <summary>Sets memory to zero, on all workers.</summary>
    public void Clear<T>(T* memory, long length) where T : unmanaged
    {
        const int Block = 1 << 16;
        var bytes = length * sizeof(T);
        var start = (nint)memory;
        Run((int)((bytes + Block - 1) / Block), (from, until, _) => System.Runtime.InteropServices.NativeMemory.Clear(
            (byte*)start + (long)from * Block, (nuint)(Math.Min((long)until * Block, bytes) - (long)from * Block)), 1);
    }

    /// <summary>Runs work over [0, count): first index, end, worker. The split depends on nothing but the count.</summary>
    public void Run(int count, Action<int, int, int> work, int minimumPerWorker = MinimumPerWorker) =>
        host.Workers.Run(count, new Loop(work), minimumPerWorker);

    /// <summary>Runs work once for every worker's segment of a list.</summary>
    public void RunSegments(long length, Action<int> work) =>
        Run(Workers, (from, until, _) =>
        {
            for (var segment = from; segment < until; segment++)
                work(segment);
        }, length < MinimumPerWorker ? Workers : 1);

    /// <summary>Turns counts into the sums of those before; returns the total.</summary>
    public static int Offsets(int[] counts)
    {
        var sum = 0;
        for (var i = 0; i < counts.Length; i++)
            (counts[i], sum) = (sum, checked(sum + counts[i]));
        return sum;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_taken)
        {
            foreach (var memory in _taken.Values)
                memory.Dispose();
            _taken.Clear();
        }
    }

    private readonly struct Loop(Action<int, int, int> work) : IParallelBody
    {
        public void Execute(int from, int until, int worker) => work(from, until, worker);
    }
}
