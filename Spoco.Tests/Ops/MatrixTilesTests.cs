using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Tests.Ops;

/// <summary>How images are cut into boxes for matrix units, and what the windows of a box reach.</summary>
internal sealed class MatrixTilesTests
{
    private static readonly (int D, int H, int W)[] Extents = [(1, 1, 1), (1, 3, 5), (1, 7, 33), (1, 65, 2), (2, 2, 2), (3, 5, 9), (5, 1, 17), (9, 9, 9), (33, 3, 1), (4, 16, 16)];

    private static readonly (int D, int H, int W)[] Windows = [(1, 1, 1), (1, 3, 3), (3, 3, 3), (1, 5, 5), (3, 1, 1), (1, 1, 7), (2, 2, 2), (1, 4, 6), (3, 5, 3)];

    /// <summary>Shared memory has banks for eight vectors of 16 bytes.</summary>
    [Test]
    public void Eight_threads_store_a_box_of_a_weight_gradient_in_different_banks([Values(16, 32, 64)] int columns)
    {
        Check<SingleOperand>();
        Check<BrainFloat16Operand>();

        void Check<TOperand>() where TOperand : unmanaged, IGradientOperand
        {
            for (var first = 0; first < 96; first += 8)
            {
                var threads = Enumerable.Range(first, 8).ToArray();
                Assert.That(threads.Select(t => MatrixGradientPlanes.InputVector<TOperand>(MatrixGradientLoad.First<TOperand>(t, 16), t / 2) % 8), Is.Unique, "inputs");
                Assert.That(
                    threads.Select(t => MatrixGradientPlanes.GradientVector<TOperand>(
                        MatrixGradientLoad.First<TOperand>(t, columns), MatrixGradientLoad.Spread<TOperand>(t / (columns / 8), columns)) % 8),
                    Is.Unique, "gradients");
            }

            Assert.That(Enumerable.Range(0, 48).Select(voxel => MatrixGradientLoad.Spread<TOperand>(voxel, columns)), Is.EquivalentTo(Enumerable.Range(0, 48)));
        }
    }

    /// <summary>The instructions know the planes of columns as numbers.</summary>
    [Test]
    public void Loads_of_gradients_step_over_planes()
    {
        var (wide, narrow) = (4 * MatrixGradientPlanes.GradientWords<SingleOperand>(), 4 * MatrixGradientPlanes.GradientWords<BrainFloat16Operand>());
        string[] loads = [MatrixInstructions.LoadGradientWide, MatrixInstructions.LoadGradientPairsWide];
        for (var plane = 1; plane < 4; plane++)
            Assert.That(loads[0], Does.Contain($"[at1+{plane * wide}]").And.Contain($"[at1+{plane * wide + 128}]"));
        Assert.That(loads[1], Does.Contain($"[at1+{2 * narrow}]"));
        for (var position = 1; position < 3; position++)
        {
            Assert.That(loads[0], Does.Contain($"[at0+{4 * position * MatrixGradientPlanes.VoxelWords<SingleOperand>()}]"));
            Assert.That(loads[1], Does.Contain($"[at0+{4 * position * MatrixGradientPlanes.VoxelWords<BrainFloat16Operand>()}]"));
        }
    }

    /// <summary>In boxes, and in tiles of blocks that follow each other.</summary>
    [Test]
    public void Every_voxel_is_in_one_block_of_one_tile(
        [ValueSource(nameof(Extents))] (int D, int H, int W) image, [ValueSource(nameof(Windows))] (int D, int H, int W) window, [Values] bool deep)
    {
        var result = new TensorShape(1, image.D, image.H, image.W, 1);
        var boxes = MatrixTiles.BoxesOf(result, deep, Convolution(result, window))!.Value;
        foreach (var blocks in (TileBlocks[])[boxes, TileBlocks.Of(result, deep, MatrixTiles.Blocks)])
        {
            var times = new int[result.Voxels];
            for (var tile = 0; tile < blocks.Tiles; tile++)
            {
                for (var block = 0; block < MatrixTiles.Blocks; block++)
                {
                    var place = blocks.Place(tile, block, MatrixTiles.Blocks);
                    var inside = Enumerable.Range(0, TileLayouts.ThreadRows).Where(voxel => blocks.Has(place, voxel)).ToList();
                    Assert.That(blocks.Count(place), Is.EqualTo(inside.Count));
                    foreach (var voxel in inside)
                        times[blocks.Voxel(place, voxel)]++;
                }
            }

            Assert.That(times, Is.All.EqualTo(1), $"{blocks}");
        }
    }

    /// <summary>What a window has of a voxel of a box is at its place within what the box reaches, and there is room for that.</summary>
    [Test]
    public void Windows_are_within_reach(
        [ValueSource(nameof(Extents))] (int D, int H, int W) image, [ValueSource(nameof(Windows))] (int D, int H, int W) window, [Values] bool deep)
    {
        var result = new TensorShape(1, image.D, image.H, image.W, 1);
        var shape = Convolution(result, window);
        var blocks = MatrixTiles.BoxesOf(result, deep, shape)!.Value;
        var reach = MatrixReach.Of(blocks, shape, false);
        Assert.That(reach.Voxels, Is.LessThanOrEqualTo(MatrixTiles.MostReached));
        Assert.That(blocks.BoxD * blocks.BoxH * blocks.BoxW, Is.EqualTo(MatrixTiles.Blocks));
        var reached = new HashSet<int>();
        for (var tile = 0; tile < blocks.Tiles; tile++)
        {
            var first = blocks.Place(tile, 0, MatrixTiles.Blocks);
            for (var block = 0; block < MatrixTiles.Blocks; block++)
            {
                var place = blocks.Place(tile, block, MatrixTiles.Blocks);
                for (var voxel = 0; voxel < TileLayouts.ThreadRows; voxel++)
                {
                    var row = reach.Row(blocks, block, voxel);
                    for (var tap = 0; tap < shape.Taps; tap++)
                    {
                        var (i, j, k) = (tap / window.W / window.H, tap / window.W % window.H, tap % window.W);
                        var at = row + (i * reach.H + j) * reach.W + k;
                        reached.Add(at);
                        var expected = (place.D + blocks.OfD(voxel) + i - first.D, place.H + TileBlocks.OfH(voxel) + j - first.H, place.W + blocks.OfW(voxel) + k - first.W);
                        if ((at / reach.W / reach.H, at / reach.W % reach.H, at % reach.W) != expected)
                            Assert.Fail($"tile {tile}, block {block}, voxel {voxel}, ({i},{j},{k}): {at} of {reach}, expected {expected}");
                    }
                }
            }
        }

        // No more than what is needed; what fills up rows is no voxel.
        Assert.That(reached, Is.EquivalentTo(Enumerable.Range(0, reach.Voxels).Where(i => i % reach.W < reach.Columns)));
        Assert.That(reach.W - reach.Columns, Is.InRange(0, 7));
    }

    /// <summary>The same vector of the eight voxels of a block lies in eight groups of four banks, at every position of a window.</summary>
    [TestCase(1, 3, 3, false)]
    [TestCase(1, 1, 1, false)]
    [TestCase(1, 5, 5, false)]
    [TestCase(1, 2, 4, false)]
    [TestCase(3, 3, 3, true)]
    [TestCase(1, 3, 3, true)]
    public void Voxels_of_a_block_lie_in_different_banks(int d, int h, int w, bool deep)
    {
        var image = new TensorShape(1, deep ? 16 : 1, 64, 64, 1);
        var shape = Convolution(image, (d, h, w));
        var blocks = MatrixTiles.BoxesOf(image, deep, shape)!.Value;
        var reach = MatrixReach.Of(blocks, shape, false);
        for (var block = 0; block < MatrixTiles.Blocks; block++)
            for (var tap = 0; tap < reach.W * reach.H; tap++)
                for (var vector = 0; vector < MatrixTiles.SlabVectors; vector++)
                    Assert.That(
                        Enumerable.Range(0, TileLayouts.ThreadRows).Select(voxel => MatrixTiles.Vector(reach.Row(blocks, block, voxel) + tap, vector) % 8), Is.Unique, $"block {block}, {tap} on, vector {vector}");
    }

    /// <summary>Narrow images get narrow boxes: few voxels of a box lie beside the image.</summary>
    [TestCase(1, 64, 64, false, 1, 8, 16)]
    [TestCase(1, 1, 200, false, 1, 2, 64)]
    [TestCase(1, 200, 4, false, 1, 32, 4)]
    [TestCase(16, 16, 16, true, 4, 4, 8)]
    [TestCase(32, 2, 2, true, 32, 2, 2)]
    public void Boxes_follow_the_image(int d, int h, int w, bool deep, int boxD, int boxH, int boxW)
    {
        var image = new TensorShape(1, d, h, w, 1);
        var blocks = MatrixTiles.BoxesOf(image, deep, Convolution(image, (1, 1, 1)))!.Value;
        Assert.That((blocks.BoxD * (deep ? 2 : 1), 2 * blocks.BoxH, blocks.BoxW * (deep ? 2 : 4)), Is.EqualTo((boxD, boxH, boxW)));
    }

    /// <summary>The most that any box has room for, and one more.</summary>
    [TestCase(1, 13, 5, true)]
    [TestCase(1, 15, 15, false)]
    [TestCase(5, 5, 5, false)]
    [TestCase(1, 1, 153, true)]
    [TestCase(1, 1, 154, false)]
    public void Windows_that_are_too_large_have_no_box(int d, int h, int w, bool expected)
    {
        var image = new TensorShape(1, d, 100, 400, 8);
        var shape = Convolution(image, (d, h, w));
        Assert.That(MatrixTiles.BoxesOf(image, false, shape).HasValue, Is.EqualTo(expected));
        var device = new Capabilities(false, false, 1024, 32, 48 << 10, true, true, MatrixUnits.TensorFloat32 | MatrixUnits.BFloat16);
        Assert.That(MatrixLaunch.Runs(device, shape), Is.EqualTo(expected));
    }

    /// <summary>Small groups, little shared memory, the host, or matrix units that are neither there nor emulated.</summary>
    [Test]
    public void Devices_without_room_do_not_run_it()
    {
        var shape = Convolution(new TensorShape(1, 1, 64, 64, 8), (1, 3, 3));
        var device = new Capabilities(false, false, 256, 32, 48 << 10, true, true, MatrixUnits.Emulated);
        Assert.That(MatrixLaunch.Runs(device, shape), Is.True);
        Assert.That(MatrixLaunch.Runs(device with { GroupThreads = 255 }, shape), Is.False);
        Assert.That(MatrixLaunch.Runs(device with { SharedMemory = 32 << 10 }, shape), Is.False);
        Assert.That(MatrixLaunch.Runs(device with { OnHost = true }, shape), Is.False);
        Assert.That(MatrixLaunch.Runs(device with { MatrixUnits = MatrixUnits.None }, shape), Is.False);
        Assert.That(MatrixLaunch.Runs(device with { MatrixUnits = MatrixUnits.Float16 }, shape), Is.False);
    }

    /// <summary>Every precision has to have units: the choice is that of the algorithm, not of the precision.</summary>
    [TestCase(MatrixUnits.None, false)]
    [TestCase(MatrixUnits.Emulated, false)]
    [TestCase(MatrixUnits.Float16, false)]
    [TestCase(MatrixUnits.TensorFloat32, false)]
    [TestCase(MatrixUnits.Float16 | MatrixUnits.BFloat16 | MatrixUnits.TensorFloat32, true)]
    public void It_pays_where_there_are_units(MatrixUnits units, bool expected) =>
        Assert.That(MatrixLaunch.Pays(new Capabilities(false, false, 1024, 32, 48 << 10, true, true, units)), Is.EqualTo(expected));

    private static ConvolutionShape Convolution(TensorShape image, (int D, int H, int W) window) => ConvolutionShape.Create(
        image with { D = image.D + window.D - 1, H = image.H + window.H - 1, W = image.W + window.W - 1, C = 8 },
        new WeightShape(window.D, window.H, window.W, 8, 8), (0, 0, 0));
}
