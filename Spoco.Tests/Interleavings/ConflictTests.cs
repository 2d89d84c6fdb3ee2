using ILGPU;
using ILGPU.Runtime;
using Spoco.Kernels;

namespace Spoco.Tests.Interleavings;

/// <summary>Which places the threads of one launch share without anything that orders their accesses: those that are argued for, and no others.</summary>
public sealed class ConflictTests
{
    private const int Problems = 60;
    private const int Clusterings = 3;

    [Test]
    public void Threads_share_what_is_argued_for_and_nothing_else()
    {
        var found = new HashSet<Conflict>();
        using var host = (HostDevice)ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 5 });
        using var device = new PlayedDevice();
        for (var seed = 0; seed < Problems; seed++)
        {
            var player = new Player(seed, host: true, recordConflicts: true);
            host.Workers.Runner = player;
            MutexWatershedPlayTests.CheckSegments(seed, host);
            found.UnionWith(player.Memory.Conflicts);
            device.Player = new Player(seed, host: false, recordConflicts: true);
            MutexWatershedPlayTests.CheckSegments(seed, device.Device);
            if (seed < Clusterings)
                KernelPlayTests.ClusterByDensity(device.Device, TestDevices.Open("cpu"), seed);
            found.UnionWith(device.Player.Memory.Conflicts);
            found.UnionWith(RangeSharesPlayTests.Play(seed));
        }

        TestContext.Out.WriteLine(string.Join('\n', found.Select(c => $"{c.Launch}: {ArguedConflicts.NameOf(c)}").Order()));
        // An argument for something that does not happen is one that nobody checks.
        Assert.That(found.Select(ArguedConflicts.NameOf).Distinct().Count(), Is.EqualTo(ArguedConflicts.Count));
    }

    [TestCase(nameof(WriteNeighbour))]
    [TestCase(nameof(ReadNeighbour))]
    [TestCase(nameof(AddWithoutAtomics))]
    [TestCase(nameof(ReadSharedBeforeBarrier))]
    [TestCase(nameof(WriteSharedAfterRead))]
    public void A_conflict_that_nobody_argues_for_is_a_fault(string kernel)
    {
        using var memory = new PlayedBuffers();
        var values = memory.Of(new int[8]);
        var player = new Player(1, host: false, recordConflicts: true);
        memory.Bound(player);
        Assert.That(() => player.Launch(typeof(ConflictTests).GetMethod(kernel)!, [new KernelConfig(2, 4), values]),
            Throws.InstanceOf<PlayFault>().With.Message.Contains(kernel).And.Message.Contains("Write"));
    }

    [Test]
    public void A_captured_variable_or_an_array_that_workers_write_is_a_fault()
    {
        var (sum, sums) = (0, new int[4]);
        Assert.That(() => new Player(1, host: true, recordConflicts: true).Run(8, 4, (from, until, _) => sum += until - from),
            Throws.InstanceOf<PlayFault>().With.Message.Contains("Write"));
        Assert.That(() => new Player(1, host: true, recordConflicts: true).Run(8, 4, (from, until, worker) => sums[worker / 2] += until - from),
            Throws.InstanceOf<PlayFault>().With.Message.Contains("Write"));
        new Player(1, host: true, recordConflicts: true).Run(8, 4, (from, until, worker) => sums[worker] += until - from);
        new Player(1, host: true, recordConflicts: true).Run(8, 4, (from, until, _) => Interlocked.Add(ref sum, until - from));
    }

    [TestCase(nameof(WriteOwn))]
    [TestCase(nameof(AddAtomically))]
    [TestCase(nameof(WriteSame))]
    [TestCase(nameof(ExchangeAtBarrier))]
    public void One_writer_or_atomics_or_a_barrier_are_none(string kernel)
    {
        using var memory = new PlayedBuffers();
        var values = memory.Of(new int[8]);
        for (var seed = 0; seed < 50; seed++)
        {
            var player = new Player(seed, host: false, recordConflicts: true);
            memory.Bound(player);
            player.Launch(typeof(ConflictTests).GetMethod(kernel)!, [new KernelConfig(2, 4), values]);
            Assert.That(player.Memory.Conflicts, Is.Empty);
        }
    }

    [Test]
    public void A_barrier_that_not_all_reach_is_a_fault()
    {
        using var memory = new PlayedBuffers();
        Assert.That(() => new Player(1, host: false).Launch(typeof(ConflictTests).GetMethod(nameof(SkipBarrier))!, [new KernelConfig(2, 4), memory.Of(new int[8])]),
            Throws.InstanceOf<PlayFault>().With.Message.Contains("3 of 4 threads"));
    }

    [Test]
    public void An_index_outside_a_view_is_a_fault()
    {
        using var memory = new PlayedBuffers();
        Assert.That(() => new Player(1, host: false).Launch(typeof(ConflictTests).GetMethod(nameof(WriteOwn))!, [new KernelConfig(3, 4), memory.Of(new int[8])]),
            Throws.InstanceOf<PlayFault>().With.Message.Contains("of a view of 8 elements"));
    }

    public static void WriteOwn(ArrayView<int> values) => values[Own] = Own;

    public static void WriteNeighbour(ArrayView<int> values) => values[(Own + 1) % 8 / 2] = Own;

    public static void ReadNeighbour(ArrayView<int> values) => values[Own] = values[(Own + 1) % 8] + 1;

    public static void AddWithoutAtomics(ArrayView<int> values) => values[0] += 1 + Own;

    public static void AddAtomically(ArrayView<int> values) => Atomic.Add(ref values[0], 1);

    public static void WriteSame(ArrayView<int> values) => values[0] = 7;

    public static void ReadSharedBeforeBarrier(ArrayView<int> values)
    {
        var shared = SharedMemory.Allocate<int>(4);
        shared[Group.IdxX] = Own;
        values[Own] = shared[3 - Group.IdxX];
    }

    public static void WriteSharedAfterRead(ArrayView<int> values)
    {
        var shared = SharedMemory.Allocate<int>(4);
        for (var turn = 0; turn < 2; turn++)
        {
            shared[Group.IdxX] = turn + Own;
            Group.Barrier();
            values[Own] = shared[3 - Group.IdxX];
        }
    }

    public static void ExchangeAtBarrier(ArrayView<int> values)
    {
        var shared = SharedMemory.Allocate<int>(4);
        for (var turn = 0; turn < 2; turn++)
        {
            shared[Group.IdxX] = turn + Own;
            Group.Barrier();
            values[Own] = shared[3 - Group.IdxX];
            Group.Barrier();
        }
    }

    public static void SkipBarrier(ArrayView<int> values)
    {
        if (Group.IdxX != 2)
            Group.Barrier();
        values[Own] = 1;
    }

    private static int Own => Grid.IdxX * Group.DimX + Group.IdxX;
}
