using Spoco.Engine;
using Spoco.Engine.Networks;
using Spoco.Engine.Segmentation;
using Spoco.Kernels;

namespace Spoco.Tests.Networks;

/// <summary>Weights that are held: transformed once for all passes between, the same bits, and the memory comes back.</summary>
public sealed class HeldWeightsTests
{
    [Test]
    public void Transforms_are_made_once_and_change_nothing([Values(2, 3)] int dimensions, [Values("bcr", "gcr")] string order)
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 2, Winograd = true });
        using var net = new UNet(device, new UNetOptions { Dimensions = dimensions, FeatureMaps = [16, 32, 64], Order = order }, trained: false);
        net.Parameters.Initialise(1);
        var expected = Forward(net);
        var live = device.Pool.Statistics.LiveBytes;
        using (net.Parameters.Hold())
        {
            Assert.That(Transforms(net), Is.Positive, "the first pass");
            Assert.That(Forward(net), Is.EqualTo(expected));
            using (net.Parameters.Hold())
                Assert.That(Transforms(net), Is.Zero, "the passes after it");
            Assert.That(Transforms(net), Is.Zero, "when one of two holders has gone");
            Assert.That(device.Pool.Statistics.LiveBytes, Is.GreaterThan(live));
        }

        Assert.That(device.Pool.Statistics.LiveBytes, Is.EqualTo(live));
        Assert.That(Transforms(net), Is.Positive, "when nobody holds them any more");
        net.Parameters.Initialise(2);
        Assert.That(Forward(net), Is.Not.EqualTo(expected), "other weights");
    }

    [Test]
    public void No_more_memory_is_taken_than_is_allowed()
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 2, Winograd = true });
        using var net = new UNet(device, new UNetOptions { FeatureMaps = [16, 32, 64], Order = "bcr" }, trained: false);
        net.Parameters.Initialise(1);
        var expected = Forward(net);
        var live = device.Pool.Statistics.LiveBytes;
        const long Most = 200 << 10;
        using var held = net.Parameters.Hold(Most);
        Assert.That(Forward(net), Is.EqualTo(expected));
        Assert.That(device.Pool.Statistics.LiveBytes - live, Is.Positive.And.LessThanOrEqualTo(Most));
        Assert.That(Forward(net), Is.EqualTo(expected));
    }

    [Test]
    public void Views_and_slices_of_an_image_share_them()
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 2, Winograd = true });
        using var model = new SpocoModel(device, new SpocoModelOptions { Network = new UNetOptions { FeatureMaps = [16, 32], Order = "bcr" } });
        model.Initialise(1);
        var image = new Volume<float>(3, 32, 32, 1);
        var random = new Random(1);
        for (var i = 0; i < image.Data.Length; i++)
            image.Data[i] = random.NextSingle();
        var once = Transforms(device, () => model.Predict(new Volume<float>(1, 32, 32, 1)));
        Assert.That(once, Is.Positive);
        Assert.That(Transforms(device, () => model.Predict(image)), Is.EqualTo(once));
        Assert.That(Transforms(device, () => OrientationAverage.Predict(model, image, 4)), Is.EqualTo(once));
        Assert.That(Transforms(device, () => model.Predict(image)), Is.EqualTo(once), "nothing is left over");
    }

    private static float[] Forward(UNet net)
    {
        using var scope = new TensorScope();
        using var pause = Gradients.NoRecording();
        var shape = new TensorShape(1, net.Options.Dimensions == 3 ? 8 : 1, 32, 24, 1);
        return net.Forward(Tensor.From(net.Parameters.Device, shape, GradientCheck.RandomValues(new Random(3), shape.Count)), training: false).ToArray();
    }

    private static int Transforms(UNet net) => Transforms(net.Parameters.Device, () => Forward(net));

    private static int Transforms(ComputeDevice device, Action act)
    {
        var profile = device.Profile = new KernelProfile();
        act();
        device.Profile = null;
        return profile.Times.Where(k => k.Kernel.StartsWith("WinogradWeight", StringComparison.Ordinal)).Sum(k => k.Launches);
    }
}
