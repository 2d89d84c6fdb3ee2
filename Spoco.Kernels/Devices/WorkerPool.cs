using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Spoco.Kernels;

/// <summary>Work that can be cut into independent ranges of an index space. Implemented by structs, so that a launch allocates nothing.</summary>
public interface IParallelBody
{
    /// <summary>Handles the indices [<paramref name="from"/>, <paramref name="until"/>).</summary>
    /// <param name="from">First index.</param>
    /// <param name="until">One past the last index.</param>
    /// <param name="worker">Number of the executing worker, 0 .. <see cref="WorkerPool.Workers"/> - 1: selects scratch memory or a partial sum.</param>
    void Execute(int from, int until, int worker);
}

/// <summary>
/// Persistent threads that share index ranges evenly and statically: worker w of n handles [count w / n, count (w + 1) / n).
/// The split depends on nothing but the count and the number of workers, so that a reduction over partial sums per worker is reproducible.
/// </summary>
public sealed unsafe class WorkerPool : IDisposable
{
    private const int SpinsBeforeSleep = 400;

    private readonly Lock _launch = new();
    private readonly Thread[] _threads;
    private readonly SemaphoreSlim[] _wake;
    private readonly SemaphoreSlim _done = new(0);
    private delegate*<void*, int, int, int, void> _invoke;
    private void* _body;
    private int _count;
    private int _active;
    private int _pending;
    private Exception? _failure;
    private volatile bool _stopping;
    [ThreadStatic] private static bool _inside;

    /// <summary>Starts <paramref name="workers"/> - 1 threads; the calling thread of <see cref="Run{TBody}"/> is the remaining worker.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than 1 or more than 1024 workers.</exception>
    public WorkerPool(int workers)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(workers, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(workers, 1024);
        Workers = workers;
        _wake = new SemaphoreSlim[workers - 1];
        _threads = new Thread[workers - 1];
        for (var i = 0; i < _threads.Length; i++)
        {
            _wake[i] = new SemaphoreSlim(0);
            var worker = i + 1;
            _threads[i] = new Thread(() => Serve(worker)) { IsBackground = true, Name = $"Spoco worker {worker}" };
            _threads[i].Start();
        }
    }

    /// <summary>Threads that take part, the calling one included.</summary>
    public int Workers { get; }

    /// <summary>Where the time of every kernel is noted; null = nowhere.</summary>
    public KernelProfile? Profile { get; set; }

    /// <summary>
    /// Runs <paramref name="body"/> over [0, <paramref name="count"/>) on all workers and returns when every index is done.
    /// A call from inside a running body is executed by that worker alone.
    /// </summary>
    /// <param name="count">Number of indices; 0 does nothing.</param>
    /// <param name="body">The work; passed by value, kept on the caller's stack.</param>
    /// <param name="minimumPerWorker">Fewest indices worth waking another worker for.</param>
    public void Run<TBody>(int count, TBody body, int minimumPerWorker = 1) where TBody : struct, IParallelBody
    {
        if (count <= 0)
            return;
        var active = Math.Clamp(count / Math.Max(minimumPerWorker, 1), 1, Workers);
        if (_inside)
        {
            body.Execute(0, count, 0);
            return;
        }

        var start = Profile is null ? 0 : Stopwatch.GetTimestamp();
        if (active == 1)
            body.Execute(0, count, 0);
        else
            Share(count, ref body, active);
        Profile?.Add(typeof(TBody), start);
    }

    private void Share<TBody>(int count, ref TBody body, int active) where TBody : struct, IParallelBody
    {
        lock (_launch)
        {
            ObjectDisposedException.ThrowIf(_stopping, this);
            _invoke = &Invoke<TBody>;
            _body = Unsafe.AsPointer(ref body);
            _count = count;
            _active = active;
            _failure = null;
            Volatile.Write(ref _pending, active - 1);
            for (var i = 0; i < active - 1; i++)
                _wake[i].Release();

            _inside = true;
            try
            {
                body.Execute(0, (int)((long)count / active), 0);
            }
            finally
            {
                _inside = false;
                // The other workers hold a pointer to the caller's stack: never leave before they are done, not even by an exception.
                var spin = new SpinWait();
                while (Volatile.Read(ref _pending) > 0 && spin.Count < SpinsBeforeSleep)
                    spin.SpinOnce(sleep1Threshold: -1);
                _done.Wait();
            }

            if (_failure is { } failure)
                throw new InvalidOperationException(failure.Message, failure);
        }
    }

    /// <summary>Ends the threads.</summary>
    public void Dispose()
    {
        lock (_launch)
        {
            if (_stopping)
                return;
            _stopping = true;
            foreach (var wake in _wake)
                wake.Release();
        }

        foreach (var thread in _threads)
            thread.Join();
        foreach (var wake in _wake)
            wake.Dispose();
        _done.Dispose();
    }

    private static void Invoke<TBody>(void* body, int from, int until, int worker) where TBody : struct, IParallelBody =>
        Unsafe.AsRef<TBody>(body).Execute(from, until, worker);

    private void Serve(int worker)
    {
        _inside = true;
        var wake = _wake[worker - 1];
        while (true)
        {
            var spin = new SpinWait();
            while (wake.CurrentCount == 0 && spin.Count < SpinsBeforeSleep)
                spin.SpinOnce(sleep1Threshold: -1);
            wake.Wait();
            if (_stopping)
                return;
            try
            {
                var from = (int)((long)_count * worker / _active);
                var until = (int)((long)_count * (worker + 1) / _active);
                _invoke(_body, from, until, worker);
            }
#pragma warning disable CA1031 // Whatever a worker throws belongs to the caller of Run.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Interlocked.CompareExchange(ref _failure, e, null);
            }

            if (Interlocked.Decrement(ref _pending) == 0)
                _done.Release();
        }
    }
}
