using Spoco.Engine;
using Spoco.Engine.Losses;
using Spoco.Engine.Networks;
using Spoco.Engine.Training;
using Spoco.Kernels;

namespace Spoco.Tests.Training;

/// <summary>A sparse training of a network of two levels on discs.</summary>
internal sealed class SmallTraining : IDisposable
{
    public SmallTraining(ComputeDevice device, GNetwork g, double momentum = 0.9)
    {
        Model = new SpocoModel(device, ModelOptions, momentumTrained: g == GNetwork.Trained);
        Trainer = new SpocoTrainer(Model, new TrainingOptions
        {
            Loss = new SpocoLossOptions { Supervision = Supervision.Sparse },
            Schedule = new ScheduleOptions { LearningRate = 2e-3, Iterations = 300 },
            GNetwork = g,
            Momentum = momentum,
        });
        Model.Initialise(1);
    }

    public static SpocoModelOptions ModelOptions => new()
    {
        Network = new UNetOptions { FeatureMaps = [4, 8], Order = "bcr" }, EmbeddingDimensions = 4,
    };

    public SpocoModel Model { get; }

    public SpocoTrainer Trainer { get; }

    public double[] Steps(int count)
    {
        var losses = new double[count];
        for (var i = 0; i < count; i++)
            losses[i] = Trainer.Step(DiscImages.Batch(new TensorShape(2, 1, 13, 17, 1), Trainer.Iteration)).Loss;
        return losses;
    }

    /// <summary>Every number of the model.</summary>
    public float[] State() =>
    [
        .. Model.EmbeddingNet.Parameters.Values.ToArray(), .. Model.EmbeddingNet.Parameters.Statistics.ToArray(),
        .. Model.MomentumNet.Parameters.Values.ToArray(), .. Model.MomentumNet.Parameters.Statistics.ToArray(),
    ];

    public void Dispose()
    {
        Trainer.Dispose();
        Model.Dispose();
    }
}
