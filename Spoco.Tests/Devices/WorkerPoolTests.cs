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
    public void An_exception_reaches_the_caller_and_the_pool_goes_on()
    {
        using var pool = new WorkerPool(3);
        Assert.That(() => pool.Run(3, new Fail(2)), Throws.InvalidOperationException.With.Message.EqualTo("index 2"));
        Assert.That(() => pool.Run(3, new Fail(0)), Throws.InvalidOperationException.With.Message.EqualTo("index 0"));
        Assert.That(() => pool.RunPieces(3, new Fail(1)), Throws.InvalidOperationException.With.Message.EqualTo("index 1"));
        Every_index_is_done_once(3, 10);
        Every_index_is_done_once_in_pieces(3, 10, 2);
    }

    [Test]
    public void A_launch_from_inside_runs_on_the_same_worker()
    {
        using var pool = new WorkerPool(4);
        var hits = new int[16];
        fixed (int* p = hits)
            pool.Run(4, new Nested(pool, p));
        Assert.That(hits, Has.All.EqualTo(1));
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
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 100; i++)
            {
                pool.Run(64, new Increment(p));
                pool.RunPieces(64, new Increment(p));
            }

            Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
        }
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

    private readonly struct Fail(int index) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            for (var i = from; i < until; i++)
            {
                if (i == index)
                    throw new InvalidOperationException($"index {i}");
            }
        }
    }

    private readonly struct Nested(WorkerPool pool, int* hits) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            for (var i = from; i < until; i++)
                pool.Run(4, new Increment(hits + 4 * i));
        }
    }
}
