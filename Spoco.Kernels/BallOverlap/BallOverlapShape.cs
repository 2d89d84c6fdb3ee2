namespace Spoco.Kernels;

/// <summary>The balls of <see cref="Primitives.BallOverlap"/>: as many around each of the objects FirstObject, FirstObject + 1, ...</summary>
/// <param name="Pixels">Pixels of the image.</param>
/// <param name="Channels">Components of an embedding.</param>
/// <param name="FirstObject">Label of the first object.</param>
/// <param name="Objects">Number of objects.</param>
/// <param name="Anchors">Balls of an object.</param>
internal readonly record struct BallOverlapShape(int Pixels, int Channels, int FirstObject, int Objects, int Anchors)
{
    /// <summary>The largest number of components.</summary>
    public const int MostChannels = 256;

    /// <summary>Balls of all objects.</summary>
    public int Balls => Objects * Anchors;

    /// <summary>Whether there are pixels and balls, and numbers that fit.</summary>
    public bool IsValid => Pixels > 0 && Channels is > 0 and <= MostChannels && Objects > 0 && Anchors > 0 && (long)Objects * Anchors <= int.MaxValue;

    /// <summary>Label of the object that a ball belongs to.</summary>
    public int ObjectOf(int ball) => FirstObject + ball / Anchors;
}
