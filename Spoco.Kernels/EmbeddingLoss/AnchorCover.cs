using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// How far the anchors of an image cover its unlabelled pixels U: by definition anchors are drawn while enough of U is near to none. Of anchors that were selected beforehand, those beyond
/// that point are left out.
/// </summary>
internal static class AnchorCover
{
    /// <summary>Number of anchors that are used.</summary>
    /// <param name="image">The image with its anchors.</param>
    /// <param name="sums">Sums of all anchors, the third of each being the pixels that it covers first.</param>
    /// <param name="least">Fewest pixels that have to be left before another anchor is drawn.</param>
    public static unsafe int Used(ImageCentres image, float* sums, int least)
    {
        var left = image.Unlabelled;
        for (var a = 0; a < image.Anchors; a++)
        {
            if (left < least)
                return a;
            left -= (int)sums[Covered(image, a)];
        }

        return image.Anchors;
    }

    /// <summary>The same in kernels.</summary>
    public static int Used(ImageCentres image, ArrayView<float> sums, int least)
    {
        var left = image.Unlabelled;
        var used = 0;
        while (used < image.Anchors && left >= least)
        {
            left -= (int)sums[Covered(image, used)];
            used++;
        }

        return used;
    }

    /// <summary>Where the number of pixels stands that an anchor covers first.</summary>
    public static int Covered(ImageCentres image, int anchor) => (image.FirstAnchor + anchor) * EmbeddingLoss.AnchorScalars + 2;
}
