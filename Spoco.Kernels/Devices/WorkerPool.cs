using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Spoco.Kernels;

/// <summary>Work that can be cut into independent ranges of an index space. Implemented by structs, so that a launch allocates nothing.</summary>
public interface IParallelBody
{
    /// <summary>Handles the indices [<paramref name="from"/>, <paramref name="until"/>).</summary>
    /// <param name="from">First index.</param>
    /// <param name="until">One past the last index.</param>
    /// <param name="worker">Number of the executing worker, 0 .. <see cref="WorkerPool.Workers"/> - 1: selects scratch memory or, with
    /// <see cref="WorkerPool.Run{TBody}"/>, a partial sum.</param>
    void Execute(int from, int until, int worker);
}

/// <summary>
/// Persistent threads that share index ranges evenly and statically: worker w of n handles [count w / n, count (w + 1) / n).
/// The split depends on nothing but the count and the number of workers, so that a reduction over partial sums per worker is reproducible, and the
/// memory that a worker touches stays near it. <see cref="RunPieces{TBody}"/> begins with the same split and lets a worker that is done help the others.
/// </summary>
public sealed unsafe class WorkerPool : IDisposable
{
    private const int SpinsBeforeSleep = 400;

    /// <summary>What is left of a share fills a cache line, so that workers do not slow each other down.</summary>
    private const int ShareBytes = 64;

    /// <summary>In place of the length of a piece: every worker does its share at once.</summary>
    private const int WholeShares = 0;

    private readonly Lock _launch = new();
    private readonly Thread[] _threads;
    private readonly SemaphoreSlim[] _wake;
    private readonly SemaphoreSlim _done = new(0);
    private readonly nint _shares;
    private delegate*<void*, int, int, int, void> _invoke;
    private void* _body;
    private int _count;
    private int _piece;
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
        _shares = (nint)NativeMemory.AlignedAlloc((nuint)(workers * ShareBytes), ShareBytes);
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

    /// <summary>Takes the place of the threads, where given: tests run passes in ways of their own.</summary>
    internal IPassRunner? Runner { get; set; }

    /// <summary>
    /// Runs <paramref name="body"/> over [0, <paramref name="count"/>) on all workers and returns when every index is done.
    /// A call from inside a running body is executed by that worker alone.
    /// </summary>
    /// <param name="count">Number of indices; 0 does nothing.</param>
    /// <param name="body">The work; passed by value, kept on the caller's stack.</param>
    /// <param name="minimumPerWorker">Fewest indices worth waking another worker for.</param>
    public void Run<TBody>(int count, TBody body, int minimumPerWorker = 1) where TBody : struct, IParallelBody =>
        Launch(count, WholeShares, Math.Clamp(count / Math.Max(minimumPerWorker, 1), 1, Workers), body);

    /// <summary>
    /// The same in pieces: a worker goes through its share piece by piece, and then takes pieces from the ends of the others' shares. For bodies
    /// whose result does not depend on which worker did what; processors that other programs use too, or of unequal speed, then do not wait for the
    /// slowest.
    /// </summary>
    /// <param name="count">Number of indices; 0 does nothing.</param>
    /// <param name="body">The work; executed several times by a worker.</param>
    /// <param name="piece">Indices of a piece, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A piece of no index.</exception>
    /// <exception cref="InvalidOperationException">A worker failed; its exception is the inner one.</exception>
    public void RunPieces<TBody>(int count, TBody body, int piece = 1) where TBody : struct, IParallelBody
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(piece, 1);
        Launch(count, piece, Math.Clamp(count / piece, 1, Workers), body);
    }

    private void Launch<TBody>(int count, int piece, int active, TBody body) where TBody : struct, IParallelBody
    {
        if (count <= 0)
            return;
        if (Runner is { } runner)
        {
            runner.Run(count, Workers, piece, body);
            return;
        }

        if (_inside)
        {
            body.Execute(0, count, 0);
            return;
        }

        var start = Profile is null ? 0 : Stopwatch.GetTimestamp();
        if (active == 1)
            body.Execute(0, count, 0);
        else
            Share(count, piece, ref body, active);
        Profile?.Add(typeof(TBody), start);
    }

    private void Share<TBody>(int count, int piece, ref TBody body, int active) where TBody : struct, IParallelBody
    {
        lock (_launch)
        {
            ObjectDisposedException.ThrowIf(_stopping, this);
            _invoke = &Invoke<TBody>;
            _body = Unsafe.AsPointer(ref body);
            _count = count;
            _piece = piece;
            _active = active;
            _failure = null;
            for (var w = 0; w < active; w++)
                Left(w) = Pack(Start(w), Start(w + 1));
            Volatile.Write(ref _pending, active - 1);
            for (var i = 0; i < active - 1; i++)
                _wake[i].Release();

            _inside = true;
            try
            {
                Work(0);
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
        NativeMemory.AlignedFree((void*)_shares);
    }

    private static void Invoke<TBody>(void* body, int from, int until, int worker) where TBody : struct, IParallelBody =>
        Unsafe.AsRef<TBody>(body).Execute(from, until, worker);

    /// <summary>What one worker does of a launch: its whole share, or pieces until none is left anywhere.</summary>
    private void Work(int worker)
    {
        if (_piece == WholeShares)
        {
            _invoke(_body, Start(worker), Start(worker + 1), worker);
            return;
        }

        while (Take(worker, fromEnd: false, out var from, out var until))
            _invoke(_body, from, until, worker);
        for (var i = 1; i < _active; i++)
        {
            while (Take((worker + i) % _active, fromEnd: true, out var from, out var until))
                _invoke(_body, from, until, worker);
        }
    }

    /// <summary>First index of a worker's share.</summary>
    private int Start(int worker) => (int)((long)_count * worker / _active);

    /// <summary>What nobody has taken of a worker's share yet: the first index in the low half, the one past the last in the high half.</summary>
    private ref long Left(int worker) => ref Unsafe.AsRef<long>((void*)(_shares + (worker * ShareBytes)));

    private static long Pack(int from, int until) => (uint)from | ((long)until << 32);

    /// <summary>Takes a piece of a share; several workers may try at once. False where nothing is left.</summary>
    private bool Take(int share, bool fromEnd, out int from, out int until)
    {
        ref var left = ref Left(share);
        for (var seen = Volatile.Read(ref left); ;)
        {
            (from, until) = ((int)seen, (int)(seen >> 32));
            if (from >= until)
                return false;
            var cut = fromEnd ? Math.Max(from, until - _piece) : Math.Min(until, from + _piece);
            var found = Interlocked.CompareExchange(ref left, fromEnd ? Pack(from, cut) : Pack(cut, until), seen);
            if (found == seen)
            {
                (from, until) = fromEnd ? (cut, until) : (from, cut);
                return true;
            }

            seen = found;
        }
    }

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
                Work(worker);
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

/// <summary>Runs passes over index ranges.</summary>
internal interface IPassRunner
{
    /// <summary>Runs a body over [0, count).</summary>
    /// <param name="count">Number of indices, at least 1.</param>
    /// <param name="workers">Workers that may take part.</param>
    /// <param name="piece">Indices of a piece that any worker may take; 0 = every worker does its share at once.</param>
    /// <param name="body">The work.</param>
    void Run<TBody>(int count, int workers, int piece, TBody body) where TBody : struct, IParallelBody;
}
