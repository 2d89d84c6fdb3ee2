namespace Spoco.Kernels.Primitives;

/// <summary>
/// Balls in the embedding space of an image, each around a pixel of an object: how many pixels of the image lie within, and how many of these belong to the object.
/// What the consistency clustering asks for (paper, Algorithm 1). A pixel is within where sqrt(sum over c of (e_c - a_c)^2) is below the radius, in float32, component after
/// component, every product rounded before it is added: the counts are the same on every device.
/// </summary>
internal static class BallOverlap
{
    internal static readonly Chooser<BallOverlapAlgorithm, BallOverlapShape> Chooser = new(nameof(BallOverlap), new BallOverlapHost(), new BallOverlapSimt());

    /// <summary>Counts the pixels of every ball.</summary>
    /// <param name="shape">Pixels, objects, and how many balls each has.</param>
    /// <param name="embeddings">[pixels, channels].</param>
    /// <param name="labels">Object of every pixel.</param>
    /// <param name="anchors">The pixels that the balls are around, object by object.</param>
    /// <param name="radius">Radius of the balls.</param>
    /// <param name="within">Receives the pixels of every ball.</param>
    /// <param name="ofObject">Receives those of them that belong to the ball's object.</param>
    /// <exception cref="ArgumentException">A length does not fit the shape, a buffer lies on another device, or an anchor is no pixel.</exception>
    public static void Count(
        BallOverlapShape shape, DeviceBuffer<float> embeddings, DeviceBuffer<int> labels, ReadOnlySpan<int> anchors, float radius, Span<int> within, Span<int> ofObject)
    {
        if (!shape.IsValid || anchors.Length != shape.Balls || within.Length != shape.Balls || ofObject.Length != shape.Balls)
            throw new ArgumentException($"BallOverlap: {shape} does not fit {anchors.Length} anchors and {within.Length} and {ofObject.Length} counts.");
        var device = embeddings.Device;
        new Arguments(nameof(BallOverlap), device).Need(embeddings, (long)shape.Pixels * shape.Channels, "the embeddings").Need(labels, shape.Pixels, "the labels");
        foreach (var anchor in anchors)
            if ((uint)anchor >= (uint)shape.Pixels)
                throw new ArgumentException($"BallOverlap: there is no pixel {anchor} among {shape.Pixels}.");

        using var holdings = new Holdings();
        var places = holdings.Upload(device, anchors, nameof(BallOverlap));
        var counts = holdings.AllocateCleared<int>(device, 2L * shape.Balls, nameof(BallOverlap));
        var (first, second) = (counts.Slice(0, shape.Balls), counts.Slice(shape.Balls, shape.Balls));
        Chooser.For(device, shape).Count(shape, embeddings, labels, places, SquareOf(radius), first, second);
        first.CopyTo(within);
        second.CopyTo(ofObject);
    }

    /// <summary>The number that the squares of just those distances are below whose rounded root is below the radius: roots of devices need not be rounded alike.</summary>
    internal static float SquareOf(float radius)
    {
        var square = radius * radius;
        while (square > 0 && MathF.Sqrt(square) >= radius)
            square = MathF.BitDecrement(square);
        while (MathF.Sqrt(square) < radius)
            square = MathF.BitIncrement(square);
        return square;
    }
}
