namespace Spoco.Kernels.Primitives;

/// <summary>
/// What happens along the slices, one frequency after the other, so that the transforms of one frequency stay in the second-level cache: its input is
/// x[First] + Sign x[Second], and the results of a tile receive the product times <paramref name="Lower"/> and <paramref name="Upper"/>.
/// </summary>
/// <param name="First">Slice of the window.</param>
/// <param name="Second">Slice of the window; without effect for <paramref name="Sign"/> 0.</param>
/// <param name="Sign">1, -1, or 0.</param>
/// <param name="Lower">Weight in the first result.</param>
/// <param name="Upper">Weight in the second result.</param>
internal readonly record struct WinogradDepth(int First, int Second, float Sign, float Lower, float Upper)
{
    /// <summary>One tap: the input is the slice itself.</summary>
    public static WinogradDepth Plain => new(0, 0, 0, 1, 0);

    /// <summary>Frequency of <see cref="TwoResults"/>.</summary>
    public static WinogradDepth Full(int frequency) => frequency switch
    {
        0 => new(0, 2, -1, 1, 0),
        1 => new(1, 2, 1, 1, 1),
        2 => new(2, 1, -1, 1, -1),
        _ => new(1, 3, -1, 0, -1),
    };

    /// <summary>Frequency of <see cref="TwoResultsEnlarged"/>; 2 is never asked for.</summary>
    public static WinogradDepth Half(int frequency) => frequency switch
    {
        0 => new(0, 1, -1, 1, 0),
        1 => new(1, 1, 1, 2, 0),
        _ => new(1, 2, -1, -1, 0),
    };
}
