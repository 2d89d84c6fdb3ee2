using Spoco.Engine.Data;

namespace Spoco.Engine.Training;

/// <summary>
/// How many patches lie anywhere instead of on labelled objects: half the chance that a patch at a random place shows none. Where few objects of a large image are
/// labelled, nothing would else be seen but their neighbourhoods; where every patch shows one, nothing is wasted. Measured in docs/foreground.md.
/// </summary>
internal static class FreePatchShare
{
    // Places along an axis.
    private const int Places = 16;

    /// <summary>The part of the patches, from 0 to 1/2, or what the settings say.</summary>
    public static double Of(IReadOnlyList<IPatchSource> images, TrainingSettings settings) =>
        settings.Data.FreePatches ?? images.Average(image => MissesObjects(image, settings.PatchExtents)) / 2;

    /// <summary>
    /// The part of the places of a patch at which it shows no object. Of an object one voxel and its size are known: it is taken for a cube around the voxel.
    /// </summary>
    private static double MissesObjects(IPatchSource image, PatchExtents patch)
    {
        var dimensions = image.Extents.Depth > 1 ? 3 : 2;
        var objects = image.Objects.Select(o => (o.Z, o.Y, o.X, Half: Math.Pow(o.Voxels, 1.0 / dimensions) / 2)).ToArray();
        var (missed, places) = (0, 0);
        foreach (var z in Middles(image.Extents.Depth, patch.Depth))
            foreach (var y in Middles(image.Extents.Height, patch.Height))
                foreach (var x in Middles(image.Extents.Width, patch.Width))
                {
                    places++;
                    missed += objects.Any(o => Math.Abs(o.Z - z) <= patch.Depth / 2.0 + o.Half && Math.Abs(o.Y - y) <= patch.Height / 2.0 + o.Half
                        && Math.Abs(o.X - x) <= patch.Width / 2.0 + o.Half) ? 0 : 1;
                }

        return missed / (double)places;
    }

    private static IEnumerable<double> Middles(int extent, int patch)
    {
        var (room, count) = (Math.Max(0, extent - patch), extent > patch ? Places : 1);
        return Enumerable.Range(0, count).Select(i => (patch - 1) / 2.0 + room * (count > 1 ? i / (count - 1.0) : 0));
    }
}
