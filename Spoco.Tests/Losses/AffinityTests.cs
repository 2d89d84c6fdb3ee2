using Spoco.Kernels;
using Spoco.Kernels.Primitives;
using Spoco.Tests.Ops;

namespace Spoco.Tests.Losses;

public sealed class AffinityTests
{
    private static readonly PixelOffset[] Offsets = [new(0, 0, -1), new(0, -1, 0), new(-1, 0, 0), new(0, 3, 0), new(1, -2, 2), new(0, 0, 9),
        new(0, -20, 0), new(0, 0, 0)];

    [Test]
    public void Equals_reference([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name, [Values(1, 4, 8, 16, 17, 32)] int channels)
    {
        var device = TestDevices.Open(name);
        var shape = new TensorShape(1, 3, 5, 7, channels + 1);
        var e = GradientCheck.RandomValues(new Random(channels), shape.Count);
        const float margin = 1.1f;
        using var embeddings = Upload(device, e, out var embeddingBuffer);
        using var offsets = Upload(device, Offsets, out var offsetBuffer);
        var weights = device.Allocate<float>(Offsets.Length * shape.Voxels, "test");
        using var memory = weights.Memory;
        EveryAlgorithm.Of(Affinity.Chooser, device, LaidImage.AsItIs(shape), () =>
        {
            Affinity.Weights(shape, embeddingBuffer, channels, offsetBuffer, margin, weights);
            var actual = weights.ToArray();
            for (var o = 0; o < Offsets.Length; o++)
            {
                for (var i = 0; i < shape.Voxels; i++)
                {
                    var (z, y, x) = (i / 35 + Offsets[o].Z, i / 7 % 5 + Offsets[o].Y, i % 7 + Offsets[o].X);
                    double expected = Affinity.Outside;
                    if (z is >= 0 and < 3 && y is >= 0 and < 5 && x is >= 0 and < 7)
                    {
                        var sum = 0.0;
                        for (var c = 0; c < channels; c++)
                            sum += Math.Pow((double)e[i * shape.C + c] - e[((z * 5 + y) * 7 + x) * shape.C + c], 2);
                        expected = 1 - Math.Pow(Math.Max((2 * margin - Math.Sqrt(sum)) / (2 * margin), 0), 2);
                    }

                    Assert.That(actual[o * shape.Voxels + i], Is.EqualTo(expected).Within(2e-6), $"offset {Offsets[o]}, pixel {i}");
                }
            }
        });
    }

    private static DeviceMemory Upload<T>(ComputeDevice device, T[] values, out DeviceBuffer<T> buffer) where T : unmanaged
    {
        buffer = device.Allocate<T>(values.Length, "test");
        buffer.CopyFrom(values);
        return buffer.Memory;
    }
}
