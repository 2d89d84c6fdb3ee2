namespace Spoco.Kernels.Primitives;

/// <summary>
/// Spatial dropout (Tompson et al. 2015, arXiv 1411.4280): whole channels of an image become 0, the others are multiplied by 1 / (1 - p), so that the
/// expectation stays. What is dropped depends on the seed, the image and the channel alone, on every device.
/// </summary>
internal static class Dropout
{
    internal static readonly Chooser<DropoutAlgorithm, TensorShape> Chooser = new(nameof(Dropout), new DropoutHost(), new DropoutSimt());

    /// <summary>y = x, 0 in the dropped channels and times 1 / (1 - p) in the others. It is its own gradient.</summary>
    /// <param name="shape">[N, D, H, W, C] of both.</param>
    /// <param name="x">Values.</param>
    /// <param name="y">Result; may be <paramref name="x"/>.</param>
    /// <param name="probability">p in [0, 1).</param>
    /// <param name="seed">Same seed, same channels.</param>
    /// <exception cref="ArgumentException">The probability is out of range, or lengths or devices do not fit.</exception>
    public static void Apply(TensorShape shape, DeviceBuffer<float> x, DeviceBuffer<float> y, float probability, ulong seed)
    {
        if (probability is not (>= 0 and < 1))
            throw new ArgumentException(FormattableString.Invariant($"Dropout: the probability must be in [0, 1), got {probability}."));
        new Arguments(nameof(Dropout), y.Device).Need(x, shape.Count, "the input").Need(y, shape.Count, "the output");
        Chooser.For(y.Device, shape).Apply(shape, x, y, probability, seed);
    }

    /// <summary>
    /// What a channel is multiplied by: the upper 24 bits of SplitMix64 (Steele, Lea, Flood 2014) at seed + index give a number in [0, 1), and the
    /// channel is dropped where it is below p. A counter instead of a state: every thread finds its own number.
    /// </summary>
    /// <param name="seed">Seed.</param>
    /// <param name="index">Number of the channel: image C + channel.</param>
    /// <param name="probability">p.</param>
    internal static float Scale(ulong seed, int index, float probability)
    {
        var x = (seed + (ulong)index) * 0x9E3779B97F4A7C15 + 0x9E3779B97F4A7C15;
        x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9;
        x = (x ^ x >> 27) * 0x94D049BB133111EB;
        x ^= x >> 31;
        return (uint)(x >> 40) * (1f / (1 << 24)) < probability ? 0 : 1 / (1 - probability);
    }
}
