using Spoco.Engine;

namespace Spoco.Cli.Segmentation;

/// <summary>What <c>--orientations</c> says: how many views of an image are averaged over.</summary>
internal static class ViewCount
{
    /// <summary>Checks it.</summary>
    /// <exception cref="InputException">It is none of 1, 2, 4 and 8.</exception>
    public static void Require(int orientations)
    {
        if (orientations is not (1 or 2 or 4 or 8))
            throw new InputException($"--orientations: expected 1, 2, 4 or 8, got {orientations}.");
    }
}
