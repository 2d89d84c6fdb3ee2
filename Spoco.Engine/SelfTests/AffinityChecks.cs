using Spoco.Engine.Segmentation;
using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.SelfTests;

/// <summary>What lies between a network and the Mutex Watershed: affinities and foreground of views laid in every orientation, and boxes of what a network says.</summary>
internal static class AffinityChecks
{
    private const double Bound = 1e-4;

    private static readonly (TensorShape Shape, bool IsLarge)[] Images =
        [(new(1, 1, 9, 11, 5), false), (new(1, 3, 7, 9, 4), false), (new(1, 10, 40, 36, 16), true)];

    public static IEnumerable<SelfCheck> All() => Images.SelectMany(i => (SelfCheck[])[Weights(i.Shape), Shares(i.Shape), Probabilities(i.Shape), Crops(i.Shape)], (i, check) =>
        check with { IsLarge = i.IsLarge });

    private static SelfCheck Weights(TensorShape shape) => new(nameof(Primitives.Affinity), $"{shape}", Bound, device =>
    {
        using var scope = new TensorScope();
        using var holdings = new Holdings();
        var offsets = holdings.Upload<PixelOffset>(device, [.. Steps(shape).Select(o => o.ToPixels())], nameof(SelfTest));
        var weights = holdings.Allocate<float>(device, offsets.Length * shape.Voxels, nameof(SelfTest));
        Primitives.Affinity.Weights(shape, View(device, shape, 0).Buffer, shape.C - 1, offsets, 2, weights);
        return [new("weights", weights.ToArray())];
    });

    private static SelfCheck Shares(TensorShape shape) => new(nameof(Primitives.Affinity), $"mean of 8 views {shape}", Bound, device =>
    {
        using var holdings = new Holdings();
        var (box, part) = Boxes(shape);
        VoxelOffset[] steps = Steps(shape);
        DeviceBuffer<float>[] sums = [.. Enumerable.Range(0, 2).Select(_ => holdings.AllocateCleared<float>(device, steps.Length * part.VoxelCount, nameof(SelfTest)))];
        foreach (var (orientation, number) in Orientation.First(8).Select((o, i) => (o, i)))
        {
            using var scope = new TensorScope();
            var view = View(device, Laid(shape, orientation), number);
            var offsets = holdings.Upload<PixelOffset>(device, [.. steps.Select(o => orientation.Apply(o).ToPixels())], nameof(SelfTest));
            for (var last = 0; last < 2; last++)
                Primitives.Affinity.AddShare(orientation.Lay(box, part, shape.C), view.Buffer, shape.C - 1, offsets, 2, 0.125f, last == 1, sums[last]);
        }

        return [new("channels first", sums[0].ToArray()), new("channels last", sums[1].ToArray())];
    });

    private static SelfCheck Probabilities(TensorShape shape) => new(nameof(Primitives.Probability), $"mean of 8 views {shape}", Bound, device =>
    {
        using var holdings = new Holdings();
        var (box, part) = Boxes(shape);
        var sums = holdings.AllocateCleared<float>(device, part.VoxelCount, nameof(SelfTest));
        foreach (var (orientation, number) in Orientation.First(8).Select((o, i) => (o, i)))
        {
            using var scope = new TensorScope();
            Primitives.Probability.AddShare(
                orientation.Lay(box, part, shape.C), View(device, Laid(shape, orientation), number).Buffer, shape.C - 1, 0.125f, sums);
        }

        return [new("probabilities", sums.ToArray())];
    });

    private static SelfCheck Crops(TensorShape shape) => new(nameof(Primitives.Crop), $"{shape}", Bound, device =>
    {
        using var scope = new TensorScope();
        var part = new TensorShape(1, shape.D, shape.H - 3, shape.W - 2, 1);
        var x = View(device, shape, 0);
        var all = Tensor.Zeros(device, shape with { W = shape.W + 1 });
        Primitives.Crop.Copy(shape, new PixelOffset(0, 2, 1), x.Buffer, all.Shape, new PixelOffset(0, 3, 3), all.Buffer, part);
        return [new("box", all.ToArray())];
    });

    private static VoxelOffset[] Steps(TensorShape shape) => [new(0, 0, 1), new(0, -1, 2), new(shape.D > 1 ? 1 : 0, 3, -4), new(0, 0, -27)];

    private static (VoxelBox Box, VoxelBox Part) Boxes(TensorShape shape) =>
        (new(0, 0, 0, shape.D, shape.H, shape.W), new(0, 1, 2, shape.D, shape.H - 3, shape.W - 3));

    private static TensorShape Laid(TensorShape shape, Orientation orientation) => orientation.Transpose ? shape with { H = shape.W, W = shape.H } : shape;

    private static Tensor View(ComputeDevice device, TensorShape shape, int number) =>
        Tensor.From(device, shape, CheckData.Embeddings(shape, CheckData.Objects(shape, shape.VoxelsPerImage > 1000 ? 20 : 4), number));
}
