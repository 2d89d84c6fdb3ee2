namespace Spoco.Kernels.Primitives;

/// <summary>What is known of tiles when the code of their transform is compiled.</summary>
internal interface IWinogradTiles
{
    /// <summary>
    /// Whether the rows that are read or the results that are written lie within the tensor and belong to one slice; results are then complete at once, have no
    /// bias, and an activation max(v, slope v).
    /// </summary>
    static abstract bool ArePlain { get; }
}

/// <summary>Most tiles in 2D.</summary>
internal readonly struct PlainTiles : IWinogradTiles
{
    public static bool ArePlain => true;
}

/// <summary>Any tiles.</summary>
internal readonly struct AnyTiles : IWinogradTiles
{
    public static bool ArePlain => false;
}
