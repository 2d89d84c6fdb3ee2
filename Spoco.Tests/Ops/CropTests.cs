using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Tests.Ops;

public sealed class CropTests
{
    [Test]
    public void Copies_the_box_and_nothing_else(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name, [Values(1, 3, 8, 17, 33)] int channels, [Values(1, 4)] int depth)
    {
        var device = TestDevices.Open(name);
        var (from, to, box) = (new TensorShape(1, depth, 9, 40, channels), new TensorShape(1, depth + 1, 7, 39, channels), new TensorShape(1, depth, 5, 37, 1));
        var (start, target) = (new PixelOffset(0, 3, 2), new PixelOffset(1, 2, 1));
        var values = GradientCheck.RandomValues(new Random(1), from.Count);
        using var holdings = new Holdings();
        var x = holdings.Upload<float>(device, values, "test");
        EveryAlgorithm.Of(Crop.Chooser, device, new CropShape(from, start, to, target, box), () =>
        {
            var y = holdings.Upload<float>(device, [.. Enumerable.Repeat(5f, (int)to.Count)], "test");
            Crop.Copy(from, start, x, to, target, y, box);
            var actual = y.ToArray();
            for (var i = 0; i < to.Count; i++)
            {
                var (c, column, row, z) = (i % to.C, i / to.C % to.W - target.X, i / to.C / to.W % to.H - target.Y, i / to.C / to.W / to.H - target.Z);
                var inside = column >= 0 && column < box.W && row >= 0 && row < box.H && z >= 0 && z < box.D;
                var expected = inside ? values[(((z + start.Z) * from.H + row + start.Y) * from.W + column + start.X) * from.C + c] : 5;
                Assert.That(actual[i], Is.EqualTo(expected), $"value {i}");
            }
        });
    }

    [Test]
    public void Boxes_outside_are_refused()
    {
        var device = TestDevices.Open("cpu");
        using var holdings = new Holdings();
        var (shape, box) = (new TensorShape(1, 1, 4, 5, 2), new TensorShape(1, 1, 3, 4, 1));
        var (x, y) = (holdings.Allocate<float>(device, shape.Count, "test"), holdings.Allocate<float>(device, shape.Count, "test"));
        Assert.That(() => Crop.Copy(shape, new(0, 1, 1), x, shape, default, y, box), Throws.Nothing);
        foreach (var wrong in (PixelOffset[])[new(0, 2, 0), new(0, 0, 2), new(1, 0, 0), new(0, -1, 0), new(0, int.MaxValue, 0)])
        {
            Assert.That(() => Crop.Copy(shape, wrong, x, shape, default, y, box), Throws.ArgumentException, $"{wrong}");
            Assert.That(() => Crop.Copy(shape, default, x, shape, wrong, y, box), Throws.ArgumentException, $"{wrong}");
        }

        Assert.That(() => Crop.Copy(shape.WithChannels(1), default, x.Slice(0, 20), shape, default, y, box), Throws.ArgumentException, "other channels");
    }
}
