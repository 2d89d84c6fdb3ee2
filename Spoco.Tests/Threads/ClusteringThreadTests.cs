using Spoco.Engine;
using Spoco.Engine.Clustering;
using Spoco.Tests.Segmentation;

namespace Spoco.Tests.Threads;

/// <summary>The clusterings with more threads than processors: always what one thread finds.</summary>
[HangLimit(120)]
public sealed class ClusteringThreadTests
{
    [Test]
    public void Every_clustering_again_and_again([ManyThreads] int threads)
    {
        using var one = ThreadCounts.Open(1);
        using var device = ThreadCounts.Open(threads);
        for (var seed = 0; seed < 2; seed++)
        {
            var embeddings = MutexWatershedEqualityTests.NoisyCells(1, 70, 60, 8, seed);
            // Multiples of 1/4: many distances are equal, so that it matters who comes first, if it does.
            for (var i = 0; i < embeddings.Data.Length && seed % 2 == 1; i++)
                embeddings.Data[i] = MathF.Round(4 * embeddings.Data[i]) / 4;
            var prediction = new Prediction(embeddings, embeddings, null);
            foreach (var clustering in (IClustering[])[
                new HdbscanClustering(new HdbscanOptions { MinClusterSize = 30, MinSamples = 5 }), new MeanShiftClustering(new MeanShiftOptions { Bandwidth = 1.5 }), new MeanShiftPlusClustering(),
                new ConsistencyClustering()])
            {
                HangLimitAttribute.Note($"{clustering.Name}, seed {seed}");
                var expected = clustering.Cluster(prediction, device: one).Data;
                for (var run = 0; run < 2; run++)
                    Assert.That(clustering.Cluster(prediction, device: device).Data.AsSpan().SequenceEqual(expected), $"{clustering.Name}, seed {seed}");
            }
        }
    }
}
