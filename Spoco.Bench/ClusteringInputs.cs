using Spoco.Engine.Clustering;

namespace Spoco.Bench;

/// <summary>Points to cluster.</summary>
/// <param name="Name">What they are.</param>
/// <param name="Draw">Makes them.</param>
/// <param name="MinClusterSize">Fewest points of a cluster.</param>
public sealed record ClusteringInputs(string Name, Func<Points> Draw, int MinClusterSize = 200) : IWorkload
{
    private const int Dimensions = 16;

    /// <summary>
    /// Embeddings of noisy cells of growing images, of a volume, and the worst there is: nothing to tell points apart by, points everywhere, and a single cell, from whose points none is far.
    /// </summary>
    public static IReadOnlyList<ClusteringInputs> All =>
    [
        Image("448x448", 1, 448, 448, 50), Image("40x64x64", 40, 64, 64, 20), Image("128x128", 1, 128, 128, 50), Image("256x256", 1, 256, 256, 50), Image("1024x1024", 1, 1024, 1024, 50),
        new("all equal, 448x448", () => new Points(new float[Dimensions * 448 * 448], Dimensions)),
        new("uniform cloud, 448x448", () => Uniform(448 * 448)), Image("one cell, 448x448", 1, 448, 448, 448),
        Image("64x64", 1, 64, 64, 25) with { MinClusterSize = 50 }, Image("8x32x32", 8, 32, 32, 16) with { MinClusterSize = 50 },
    ];

    /// <summary>Those that are called so.</summary>
    public static ClusteringInputs Find(string name) => All.First(i => i.Name == name);

    /// <inheritdoc/>
    public Work Of(string benchmark) => default;

    /// <inheritdoc/>
    public override string ToString() => Name;

    private static ClusteringInputs Image(string name, int depth, int height, int width, double pitch) =>
        new(name, () => new Points(NoisyCells.Draw(depth, height, width, pitch, Dimensions).Data, Dimensions));

    private static Points Uniform(int count)
    {
        var random = new Random(1);
        return new Points(Enumerable.Range(0, count * Dimensions).Select(_ => random.NextSingle()).ToArray(), Dimensions);
    }
}
