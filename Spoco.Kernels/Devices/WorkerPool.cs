using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace Spoco.Kernels;

/// <summary>
/// Work that can be cut into independent ranges of an index space. Implemented by structs, so that a launch allocates nothing; all workers use
/// the one instance at once.
/// </summary>
internal interface IParallelBody
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
/// Any thread may launch: launches take turns, so that a worker number belongs to one thread at a time. A body may launch on its own pool, where it
/// stays on its worker, but on no other pool; nor may it wait for another thread that launches. A thread that waits for its turn is hence inside no
/// body, and waiting pools cannot form a circle.
/// </summary>
internal sealed unsafe class WorkerPool : IDisposable
{
    private const int SpinsBeforeSleep = 400;

    /// <summary>In place of the length of a piece: every worker does its share at once.</summary>
    private const int WholeShares = 0;

    private readonly Lock _launch = new();
    private readonly Thread[] _threads;
    private readonly SemaphoreSlim[] _wake;
    private readonly SemaphoreSlim _done = new(0);
    private readonly RangeShares _shares;
    private readonly ExceptionDispatchInfo?[] _failures;
    private delegate*<void*, int, int, int, void> _invoke;
    private void* _body;
    private int _count;
    private int _piece;
    private int _active;
    private int _pending;
    private volatile bool _failed;
    private volatile bool _stopping;

    /// <summary>The pool whose body this thread executes: set during a launch on the thread that made it, for ever on the pool's own.</summary>
    [ThreadStatic] private static WorkerPool? _current;

    /// <summary>Number of this thread in <see cref="_current"/>; 0 on every thread that no pool started.</summary>
    [ThreadStatic] private static int _worker;

    /// <summary>Starts <paramref name="workers"/> - 1 threads; the calling thread of <see cref="Run{TBody}"/> is the remaining worker.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than 1 or more than 1024 workers.</exception>
    public WorkerPool(int workers)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(workers, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(workers, 1024);
        Workers = workers;
        _shares = new RangeShares(workers);
        _failures = new ExceptionDispatchInfo?[workers];
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

    /// <summary>Where the time of every kernel is noted; null = nowhere. A change holds from the next launch on.</summary>
    public KernelProfile? Profile { get; set; }

    /// <summary>Takes the place of the threads, where given: tests run passes in ways of their own.</summary>
    internal IPassRunner? Runner { get; set; }

    /// <summary>
    /// Runs <paramref name="body"/> over [0, <paramref name="count"/>) on all workers and returns when every index is done.
    /// A call from inside a running body is executed by that worker alone, under its number. What a worker throws reaches the caller as it is,
    /// once all have ended; of several exceptions, that of the worker with the smallest number.
    /// </summary>
    /// <param name="count">Number of indices; 0 does nothing.</param>
    /// <param name="body">The work; passed by value, kept on the caller's stack.</param>
    /// <param name="minimumPerWorker">Fewest indices worth waking another worker for.</param>
    /// <exception cref="InvalidOperationException">Called from inside a body of another pool.</exception>
    /// <exception cref="ObjectDisposedException">The pool was disposed.</exception>
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
    /// <exception cref="InvalidOperationException">Called from inside a body of another pool.</exception>
    /// <exception cref="ObjectDisposedException">The pool was disposed.</exception>
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

        if (_current is { } current)
        {
            if (current != this)
                throw new InvalidOperationException("WorkerPool: a body may not launch on another pool than its own.");
            body.Execute(0, count, _worker);
            return;
        }

        // Also where nobody is woken: another thread's launch has a worker 0, too.
        lock (_launch)
        {
            ObjectDisposedException.ThrowIf(_stopping, this);
            var profile = Profile;
            var start = profile is null ? 0 : Stopwatch.GetTimestamp();
            _current = this;
            try
            {
                if (active == 1)
                    body.Execute(0, count, 0);
                else
                    Share(count, piece, ref body, active);
            }
            finally
            {
                _current = null;
            }

            profile?.Add(typeof(TBody), start);
        }
    }

    private void Share<TBody>(int count, int piece, ref TBody body, int active) where TBody : struct, IParallelBody
    {
        // The others read these fields after they took what the semaphore was released by, and do not touch them once they are counted as done.
        _invoke = &Invoke<TBody>;
        _body = Unsafe.AsPointer(ref body);
        _count = count;
        _piece = piece;
        _active = active;
        if (piece != WholeShares)
            _shares.Fill(count, active, piece);
        Volatile.Write(ref _pending, active - 1);
        // From here to the end the others hold a pointer to the caller's stack: nothing may leave before they are done, neither an exception of
        // the body, which waits in _failures, nor an interruption of the thread.
        var interrupted = false;
        for (var i = 0; i < active - 1; i++)
            interrupted |= Release(_wake[i]);
        Work(0);
        interrupted |= Wait(_done);
        if (interrupted)
            Thread.CurrentThread.Interrupt();
        if (_failed)
            ThrowFailure();
    }

    private void ThrowFailure()
    {
        var first = Array.Find(_failures, f => f is not null)!;
        Array.Clear(_failures);
        _failed = false;
        first.Throw();
    }

    /// <summary>Does what may block, again where the thread is interrupted before it is done; returns whether it was.</summary>
    private static bool Insist<T>(T target, Action<T> wait)
    {
        for (var interrupted = false; ;)
        {
            try
            {
                wait(target);
                return interrupted;
            }
            catch (ThreadInterruptedException)
            {
                interrupted = true;
            }
        }
    }

    private static bool Wait(SemaphoreSlim semaphore) => Insist(semaphore, static s =>
    {
        // Spinning may give up the processor, and is then interrupted like the wait itself; neither has taken anything then.
        var spin = new SpinWait();
        while (s.CurrentCount == 0 && spin.Count < SpinsBeforeSleep)
            spin.SpinOnce(sleep1Threshold: -1);
        s.Wait();
    });

    /// <summary>A release waits for the lock within the semaphore, and has released nothing where it is interrupted meanwhile.</summary>
    private static bool Release(SemaphoreSlim semaphore) => Insist(semaphore, static s => s.Release());

    /// <summary>Ends the threads, once the launches of other threads are done. May be called several times, from any thread outside a body.</summary>
    /// <exception cref="InvalidOperationException">Called from inside a body, which would wait for itself.</exception>
    public void Dispose()
    {
        if (_current is not null)
            throw new InvalidOperationException("WorkerPool: a body may not dispose pools.");
        if (!Stop(out var interrupted))
            return;
        foreach (var thread in _threads)
            interrupted |= Insist(thread, static t => t.Join());
        if (interrupted)
            Thread.CurrentThread.Interrupt();
        foreach (var wake in _wake)
            wake.Dispose();
        _done.Dispose();
        _shares.Dispose();
    }

    /// <summary>Ends the threads, and does not wait for them: for a pool that nobody can use any more, and nobody disposed.</summary>
    internal void Abandon()
    {
        if (Stop(out _))
            _shares.Dispose();
    }

    private bool Stop(out bool interrupted)
    {
        interrupted = false;
        lock (_launch)
        {
            if (_stopping)
                return false;
            _stopping = true;
            foreach (var wake in _wake)
                interrupted |= Release(wake);
        }

        return true;
    }

    private static void Invoke<TBody>(void* body, int from, int until, int worker) where TBody : struct, IParallelBody =>
        Unsafe.AsRef<TBody>(body).Execute(from, until, worker);

    /// <summary>What one worker does of a launch; what it throws is noted for the caller of Run.</summary>
    private void Work(int worker)
    {
        try
        {
            Execute(worker);
        }
#pragma warning disable CA1031 // Whatever a worker throws belongs to the caller of Run.
        catch (Exception e)
#pragma warning restore CA1031
        {
            // Every worker has a place of its own. The caller looks once all are done.
            _failures[worker] = ExceptionDispatchInfo.Capture(e);
            _failed = true;
        }
    }

    /// <summary>Its whole share, or pieces until none is left anywhere.</summary>
    private void Execute(int worker)
    {
        if (_piece == WholeShares)
        {
            _invoke(_body, Start(worker), Start(worker + 1), worker);
            return;
        }

        while (_shares.Take(worker, out var from, out var until))
            _invoke(_body, from, until, worker);
    }

    /// <summary>First index of a worker's share.</summary>
    private int Start(int worker) => RangeShares.Start(_count, _active, worker);

    private void Serve(int worker)
    {
        (_current, _worker) = (this, worker);
        var wake = _wake[worker - 1];
        while (true)
        {
            // An interruption that a body left behind has nobody to go to.
            Wait(wake);
            if (_stopping)
                return;
            Work(worker);
            if (Interlocked.Decrement(ref _pending) == 0)
                Release(_done);
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
