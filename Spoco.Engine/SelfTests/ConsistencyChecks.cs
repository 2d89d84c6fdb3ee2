using Spoco.Engine.Clustering;
using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.SelfTests;

/// <summary>What the consistency clustering counts, to the pixel: balls around pixels of objects, small ones and all of an image.</summary>
internal static class ConsistencyChecks
{
    public static IEnumerable<SelfCheck> All() =>
    [
        Of(new(1, 1, 9, 11, 5), 4, 7), Of(new(1, 3, 7, 9, 17), 3, 1), Of(new(1, 1, 1, 1, 1), 1, 2),
        Of(new(1, 1, 300, 290, 16), 40, 100) with { IsLarge = true }, Of(new(1, 10, 80, 76, 64), 20, 30) with { IsLarge = true },
    ];

    private static SelfCheck Of(TensorShape shape, int objects, int anchors) => new(nameof(Primitives.BallOverlap), $"{objects} objects, {anchors} anchors {shape}", 0, device =>
    {
        var labels = Array.ConvertAll(CheckData.Objects(shape, objects), label => Math.Max(1, label));
        var count = labels.Max();
        var places = ConsistencyClustering.Anchors(new Volume<int>(labels, shape.D, shape.H, shape.W), anchors: 1, seed: 1);
        int[] pixels = [.. places.SelectMany((place, k) => Enumerable.Range(0, anchors).Select(a => (int)((place + 7L * a) % shape.Voxels)))];
        using var holdings = new Holdings();
        var embeddings = holdings.Upload<float>(device, CheckData.Embeddings(shape, labels, 1), nameof(SelfTest));
        var owners = holdings.Upload<int>(device, labels, nameof(SelfTest));
        return [.. ((float[])[0.3f, 0.7f, 50]).SelectMany(radius =>
        {
            var (within, ofObject) = (new int[pixels.Length], new int[pixels.Length]);
            Primitives.BallOverlap.Count(new BallOverlapShape((int)shape.Voxels, shape.C, 1, count, anchors), embeddings, owners, pixels, radius, within, ofObject);
            return (CheckedArray[])[new("within", Array.ConvertAll(within, n => (float)n)), new("of the object", Array.ConvertAll(ofObject, n => (float)n))];
        })];
    });
}
