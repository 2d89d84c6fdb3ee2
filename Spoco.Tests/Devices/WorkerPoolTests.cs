using System.Runtime.CompilerServices;
using Spoco.Kernels;

namespace Spoco.Tests.Devices;

public sealed unsafe class WorkerPoolTests
{
    [Test]
    public void Every_index_is_done_once([Values(1, 2, 3, 8)] int workers, [Values(0, 1, 2, 7, 1000)] int count)
    {
        using var pool = new WorkerPool(workers);
        var hits = new int[count + 1];
        fixed (int* p = hits)
        {
            for (var repeat = 0; repeat < 50; repeat++)
                pool.Run(count, new Increment(p));
        }

        Assert.That(hits[..count], Has.All.EqualTo(50));
        Assert.That(hits[count], Is.Zero);
    }

    [Test]
    public void Every_index_is_done_once_in_pieces(
        [Values(1, 2, 3, 8)] int workers, [Values(0, 1, 2, 7, 1000)] int count, [Values(1, 3, 64)] int piece)
    {
        using var pool = new WorkerPool(workers);
        var hits = new int[count + 1];
        fixed (int* p = hits)
        {
            for (var repeat = 0; repeat < 50; repeat++)
                pool.RunPieces(count, new Increment(p), piece);
        }

        Assert.That(hits[..count], Has.All.EqualTo(50));
        Assert.That(hits[count], Is.Zero);
    }

    [Test]
    public void A_worker_that_is_done_helps_the_others()
    {
        using var pool = new WorkerPool(2);
        var workers = new int[16];
        var begun = 0;
        fixed (int* p = workers)
            pool.RunPieces(16, new FirstWaits(p, &begun));
        Assert.That(workers[0], Is.EqualTo(1));
        Assert.That(workers[1..], Has.All.EqualTo(2));
    }

    [Test]
    public void A_piece_of_nothing_is_refused()
    {
        using var pool = new WorkerPool(1);
        Assert.That(() => pool.RunPieces(1, new Fail(2), 0), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void Pieces_of_any_length_are_taken_to_the_last_index()
    {
        using var pool = new WorkerPool(2);
        long done = 0;
        var strange = 0;
        pool.RunPieces(int.MaxValue, new CountLengths(&done, &strange), (1 << 30) - 1);
        Assert.That((done, strange), Is.EqualTo(((long)int.MaxValue, 0)));
    }

    [Test]
    public void The_original_exception_reaches_the_caller_whichever_worker_failed([Values(1, 2, 3, 7)] int workers)
    {
        using var pool = new WorkerPool(workers);
        for (var index = 0; index < workers; index++)
        {
            var failure = new DeviceMemoryException($"index {index}");
            Assert.That(() => pool.Run(workers, new Fail(index, failure)), Throws.Exception.SameAs(failure));
            Assert.That(failure.StackTrace, Does.Contain(nameof(Fail)));
            Assert.That(() => pool.RunPieces(workers, new Fail(index, failure)), Throws.Exception.SameAs(failure));
        }

        Every_index_is_done_once(pool);
    }

    [Test]
    public void Of_several_failures_that_of_the_first_worker_reaches_the_caller([Values(2, 3, 16)] int workers)
    {
        using var pool = new WorkerPool(workers);
        for (var repeat = 0; repeat < 50; repeat++)
        {
            for (var first = 0; first < workers; first++)
                Assert.That(() => pool.Run(workers, new FailFrom(first)),
                    Throws.TypeOf<DeviceMemoryException>().With.Message.EqualTo($"index {first}"));
        }

        Every_index_is_done_once(pool);
    }

    [Test]
    public void A_launch_from_inside_runs_on_the_same_worker([Values(2, 3, 7, 16, 64)] int workers)
    {
        using var pool = new WorkerPool(workers);
        var hits = new int[4 * workers];
        var seen = new int[workers];
        Array.Fill(seen, -1);
        fixed (int* h = hits)
        fixed (int* s = seen)
        {
            pool.Run(workers, new Nested(pool, h, s));
            Assert.That(hits, Has.All.EqualTo(1));
            Assert.That(seen, Is.EqualTo(Enumerable.Range(0, workers)));
            pool.Run(1, new Nested(pool, h, s), minimumPerWorker: 2);
            Assert.That(seen[0], Is.Zero);
        }
    }

    [Test]
    public void A_failure_of_a_launch_from_inside_reaches_the_caller()
    {
        using var pool = new WorkerPool(3);
        var failure = new DeviceMemoryException("inside");
        Assert.That(() => pool.Run(3, new Inside(_ => pool.Run(3, new Fail(1, failure)))), Throws.Exception.SameAs(failure));
        Every_index_is_done_once(pool);
    }

    [Test]
    public void A_body_launches_on_no_other_pool([Values(1, 3)] int workers)
    {
        using var first = new WorkerPool(workers);
        using var second = new WorkerPool(2);
        var hits = stackalloc int[8];
        var refused = 0;
        first.Run(workers, new Inside(_ =>
        {
            Assert.That(() => second.Run(8, new Increment(hits)), Throws.InvalidOperationException.With.Message.Contains("another pool"));
            Assert.That(() => second.RunPieces(8, new Increment(hits)), Throws.InvalidOperationException.With.Message.Contains("another pool"));
            Interlocked.Increment(ref refused);
        }));
        Assert.That(refused, Is.EqualTo(workers));
        Assert.That(new Span<int>(hits, 8).ToArray(), Has.All.Zero);
        Every_index_is_done_once(first);
        Every_index_is_done_once(second);
    }

    [Test]
    public void A_body_does_not_dispose_pools([Values(1, 3)] int workers)
    {
        using var pool = new WorkerPool(workers);
        using var other = new WorkerPool(2);
        pool.Run(workers, new Inside(_ =>
        {
            Assert.That(pool.Dispose, Throws.InvalidOperationException);
            Assert.That(other.Dispose, Throws.InvalidOperationException);
        }));
        Every_index_is_done_once(pool);
        Every_index_is_done_once(other);
    }

    [Test]
    public void A_worker_number_belongs_to_one_thread_at_a_time_also_where_a_launch_wakes_nobody([Values(1, 2, 3)] int workers)
    {
        using var pool = new WorkerPool(workers);
        var users = new int[workers];
        var clashes = 0;
        fixed (int* u = users)
        {
            var (use, clash) = ((nint)u, (nint)(&clashes));
            Parallel.For(0, 4, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i =>
            {
                for (var repeat = 0; repeat < 300; repeat++)
                    pool.Run(workers, new Exclusive((int*)use, (int*)clash), i % 2 == 0 ? 1 : workers + 1);
            });
        }

        Assert.That(clashes, Is.Zero);
    }

    [Test]
    public void A_disposed_pool_refuses_launches_of_any_size([Values(1, 2)] int workers)
    {
        var pool = new WorkerPool(workers);
        Parallel.Invoke(pool.Dispose, pool.Dispose, pool.Dispose);
        pool.Dispose();
        Assert.That(() => pool.Run(100, new Fail(100)), Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => pool.Run(1, new Fail(100)), Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => pool.RunPieces(1, new Fail(100)), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void An_interrupted_caller_waits_for_the_workers_all_the_same()
    {
        using var pool = new WorkerPool(2);
        using var entered = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        var (finished, finishedFirst, interrupted) = (false, false, false);
        var failure = Catch(() =>
        {
            pool.Run(2, new Inside(worker =>
            {
                if (worker != 1)
                    return;
                entered.Set();
                release.Wait();
                Volatile.Write(ref finished, true);
            }));
            finishedFirst = Volatile.Read(ref finished);
            try
            {
                Thread.Sleep(Timeout.Infinite);
            }
            catch (ThreadInterruptedException)
            {
                interrupted = true;
            }
        }, caller =>
        {
            entered.Wait();
            for (var i = 0; i < 20; i++)
            {
                caller.Interrupt();
                if (caller.Join(5))
                    break;
            }

            release.Set();
        });
        Assert.That(failure, Is.Null);
        Assert.That((finishedFirst, interrupted), Is.EqualTo((true, true)));
        Every_index_is_done_once(pool);
    }

    [Test]
    public void Interruptions_at_any_moment_lose_no_index([Values(2, 7)] int workers)
    {
        using var pool = new WorkerPool(workers);
        var ended = false;
        var failure = Catch(() =>
        {
            var hits = stackalloc int[64];
            for (var repeat = 1; repeat <= 100; repeat++)
            {
                try
                {
                    pool.Run(64, new SlowIncrement(hits));
                }
                catch (ThreadInterruptedException)
                {
                    // While it waited for its turn; nothing was done.
                    repeat--;
                    continue;
                }

                for (var i = 0; i < 64; i++)
                    Assert.That(hits[i], Is.EqualTo(repeat));
            }

            Volatile.Write(ref ended, true);
        }, caller =>
        {
            while (!Volatile.Read(ref ended) && caller.IsAlive)
            {
                caller.Interrupt();
                Thread.Yield();
            }
        });
        Assert.That(failure, Is.Null);
        Every_index_is_done_once(pool);
    }

    [Test]
    public void A_worker_that_a_body_interrupts_goes_on()
    {
        using var pool = new WorkerPool(3);
        for (var repeat = 0; repeat < 5; repeat++)
        {
            pool.Run(3, new Inside(static worker =>
            {
                if (worker > 0)
                    Thread.CurrentThread.Interrupt();
            }));
            // Until they sleep, which is when an interruption arrives.
            Thread.Sleep(20);
            Every_index_is_done_once(pool);
        }
    }

    [Test]
    public void A_launch_that_began_without_a_profile_is_not_noted()
    {
        using var pool = new WorkerPool(1);
        var profile = new KernelProfile();
        pool.Run(1, new Inside(_ => pool.Profile = profile));
        Assert.That(profile.Times, Is.Empty);
        pool.Run(1, new Inside(_ => pool.Profile = null));
        Assert.That(profile.Times, Has.Count.EqualTo(1));
    }

    [Test]
    public void Launches_from_several_threads_failures_and_disposal_do_not_disturb_each_other([Values(2, 3, 7, 16, 64)] int workers)
    {
        var pool = new WorkerPool(workers);
        var launches = 0;
        var callers = Enumerable.Range(0, 4).Select(caller => Task.Factory.StartNew(() =>
        {
            var hits = stackalloc int[200];
            var failure = new DeviceMemoryException("on purpose");
            for (var repeat = 1; ; repeat++)
            {
                try
                {
                    if (repeat % 2 == 0)
                        pool.Run(200, new Increment(hits), (caller + repeat) % 3 == 0 ? 1000 : 1);
                    else
                        pool.RunPieces(200, new Increment(hits), 1 + repeat % 60);
                    if (repeat % 5 == 0)
                        Assert.That(() => pool.Run(workers, new Fail(repeat % workers, failure)),
                            Throws.Exception.SameAs(failure).Or.TypeOf<ObjectDisposedException>());
                }
                catch (ObjectDisposedException)
                {
                    repeat--;
                    Assert.That(new Span<int>(hits, 200).ToArray(), Has.All.EqualTo(repeat));
                    return;
                }

                Assert.That(new Span<int>(hits, 200).ToArray(), Has.All.EqualTo(repeat));
                Interlocked.Increment(ref launches);
            }
        }, TaskCreationOptions.LongRunning)).ToArray();
        while (Volatile.Read(ref launches) < 400 && !callers.Any(c => c.IsFaulted))
            Thread.Yield();
        Parallel.Invoke(pool.Dispose, pool.Dispose);
        Task.WaitAll(callers);
    }

    [Test]
    public void Two_pools_and_two_callers_do_not_disturb_each_other()
    {
        using var first = new WorkerPool(2);
        using var second = new WorkerPool(3);
        Parallel.For(0, 8, i =>
        {
            var pool = i % 2 == 0 ? first : second;
            var hits = new int[100];
            fixed (int* p = hits)
            {
                for (var repeat = 0; repeat < 200; repeat++)
                    pool.Run(100, new Increment(p));
            }

            Assert.That(hits, Has.All.EqualTo(200));
        });
    }

    [Test]
    public void A_launch_allocates_nothing()
    {
        using var pool = new WorkerPool(2);
        var hits = new int[64];
        fixed (int* p = hits)
        {
            pool.Run(64, new Increment(p));
            pool.RunPieces(64, new Increment(p));
            pool.Run(64, new Increment(p), minimumPerWorker: 64);
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 100; i++)
            {
                pool.Run(64, new Increment(p));
                pool.RunPieces(64, new Increment(p));
                pool.Run(64, new Increment(p), minimumPerWorker: 64);
            }

            Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
        }
    }

    private static void Every_index_is_done_once(WorkerPool pool)
    {
        var hits = stackalloc int[100];
        pool.Run(100, new Increment(hits));
        pool.RunPieces(100, new Increment(hits), 3);
        Assert.That(new Span<int>(hits, 100).ToArray(), Has.All.EqualTo(2));
    }

    /// <summary>Runs an action on a thread, and beside it what is done to that thread; returns what the action threw.</summary>
    private static Exception? Catch(Action action, Action<Thread> beside)
    {
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                action();
            }
#pragma warning disable CA1031 // Whatever it is, the test reports it.
            catch (Exception e)
#pragma warning restore CA1031
            {
                failure = e;
            }
        });
        thread.Start();
        beside(thread);
        thread.Join();
        return failure;
    }

    private readonly struct Increment(int* hits) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            for (var i = from; i < until; i++)
                hits[i]++;
        }
    }

    /// <summary>The first index takes until all others are done, which wait until it has begun; notes who did what, counted from 1.</summary>
    private readonly struct FirstWaits(int* workers, int* begun) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            for (var i = from; i < until; i++)
            {
                if (i == 0)
                    Volatile.Write(ref *begun, 1);
                for (var other = 1; i == 0 && other < 16; other++)
                    Wait(workers + other);
                Wait(begun);
                Volatile.Write(ref workers[i], worker + 1);
            }
        }

        private static void Wait(int* flag)
        {
            while (Volatile.Read(ref *flag) == 0)
                Thread.Yield();
        }
    }

    private readonly struct Fail(int index, Exception? failure = null) : IParallelBody
    {
        [MethodImpl(MethodImplOptions.NoInlining)]
        public void Execute(int from, int until, int worker)
        {
            if (from <= index && index < until)
                throw failure ?? new DeviceMemoryException($"index {index}");
        }
    }

    private readonly struct FailFrom(int first) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            for (var i = from; i < until; i++)
            {
                if (i >= first)
                    throw new DeviceMemoryException($"index {i}");
            }
        }
    }

    /// <summary>Launches from inside, over and over, and notes which worker that says it is.</summary>
    private readonly struct Nested(WorkerPool pool, int* hits, int* seen) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            for (var i = from; i < until; i++)
            {
                pool.Run(4, new Increment(hits + 4 * i));
                pool.RunPieces(1, new Note(pool, seen + i, worker));
            }
        }
    }

    /// <summary>Notes the worker two launches deep; -2 where the launches above do not agree.</summary>
    private readonly struct Note(WorkerPool pool, int* seen, int above) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            if (pool is null)
                *seen = worker == above ? worker : -2;
            else
                pool.Run(1, new Note(null!, seen, worker == above ? worker : -3));
        }
    }

    /// <summary>Runs an action once on every worker that takes part.</summary>
    private readonly struct Inside(Action<int> action) : IParallelBody
    {
        public void Execute(int from, int until, int worker) => action(worker);
    }

    /// <summary>Counts those who are the same worker at once.</summary>
    private readonly struct Exclusive(int* users, int* clashes) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            if (Interlocked.Increment(ref users[worker]) > 1)
                Interlocked.Increment(ref *clashes);
            for (var i = 0; i < 5; i++)
                Thread.Yield();
            Interlocked.Decrement(ref users[worker]);
        }
    }

    /// <summary>Counts the indices of all pieces; the first worker's takes until the others have done the rest.</summary>
    private readonly struct CountLengths(long* done, int* strange) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            if (from < 0 || until <= from)
                Interlocked.Increment(ref *strange);
            while (worker == 0 && Volatile.Read(ref *done) < int.MaxValue - (until - from) && Volatile.Read(ref *strange) == 0)
                Thread.Yield();
            Interlocked.Add(ref *done, until - from);
        }
    }

    /// <summary>All workers but the caller take their time.</summary>
    private readonly struct SlowIncrement(int* hits) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            if (worker > 0)
                Thread.Sleep(5);
            for (var i = from; i < until; i++)
                hits[i]++;
        }
    }
}
