using Spoco.Engine.Data;
using Spoco.Engine.Losses;
using Spoco.Engine.Networks;
using Spoco.Engine.Training;
using Spoco.Kernels;

namespace Spoco.Engine.SelfTests;

/// <summary>
/// Twenty steps of training: forward, loss, backward, Adam, with all that belongs to it. The losses of all steps are compared; of small networks also what the
/// trained one says of an image. Adam makes steps of one size out of gradients of any size: parameters whose gradient is nothing but rounding go one way on one
/// device and the other way on another. Large networks have many of them, and take small steps.
/// </summary>
internal static class TrainingChecks
{
    private const int Steps = 20;
    private const double Bound = 1e-4;
    private const double SmallRate = 1e-5;

    public static IEnumerable<SelfCheck> All() =>
    [
        Of("2D, batch norm, sparse, foreground", new(1, 1, 10, 9, 1), Flat([2, 4]), Sparse()),
        Of("3D, group norm, full", new(1, 3, 6, 5, 1), Deep([2, 4]), Full()),
        Of("2D, with a critic, g with dropout", new(1, 1, 9, 8, 1), Flat([2, 3]), Sparse() with { GNetwork = GNetwork.Dropout, Adversarial = Critic(new(1, 1, 9, 8, 1), [2]) }),
        Of("2D, batch norm, sparse, foreground", new(2, 1, 64, 60, 1), Flat([16, 32, 64]), Sparse(SmallRate), isLarge: true),
        Of("2D, with a critic, trained g", new(2, 1, 48, 48, 3), Flat([8, 16]),
            Sparse(SmallRate) with { GNetwork = GNetwork.Trained, Adversarial = Critic(new(1, 1, 48, 48, 1), [8, 16]) }, isLarge: true),
        Of("3D, group norm, full", new(1, 8, 24, 24, 1), Deep([8, 16, 32]), Full(SmallRate), isLarge: true),
    ];

    private static TrainingOptions Sparse(double rate = 5e-4) => new()
    {
        Loss = new SpocoLossOptions { Supervision = Supervision.Sparse },
        Schedule = new ScheduleOptions { LearningRate = rate, Iterations = Steps },
    };

    private static TrainingOptions Full(double rate = 5e-4) => Sparse(rate) with { Loss = new SpocoLossOptions { InstanceLoss = InstanceLoss.Dice } };

    private static UNetOptions Flat(int[] maps) => new() { FeatureMaps = maps, Order = "bcr" };

    private static UNetOptions Deep(int[] maps) => new() { Dimensions = 3, FeatureMaps = maps, Order = "gcr", Groups = 2, PoolDepth = 2 };

    private static AdversarialOptions Critic(TensorShape patch, int[] maps) => new() { Patch = patch, CriticSteps = 1, WarmUp = 0, Masks = 3, FeatureMaps = maps };

    private static SelfCheck Of(string name, TensorShape shape, UNetOptions network, TrainingOptions options, bool isLarge = false) =>
        new("training", $"{Steps} steps, {name} {shape}", isLarge ? 2 * Bound : Bound,
            device => Train(device, shape, network with { InputChannels = shape.C }, options, withEmbeddings: !isLarge)) { IsLarge = isLarge };

    private static CheckedArray[] Train(ComputeDevice device, TensorShape shape, UNetOptions network, TrainingOptions options, bool withEmbeddings)
    {
        using var model = new SpocoModel(
            device, new SpocoModelOptions { Network = network, EmbeddingDimensions = 4, Foreground = true }, momentumTrained: options.GNetwork == GNetwork.Trained);
        using var trainer = new SpocoTrainer(model, options);
        model.Initialise(1);
        var batch = new TrainingBatch(shape);
        var (losses, critic) = (new float[Steps], new float[Steps]);
        for (var i = 0; i < Steps; i++)
        {
            for (var c = trainer.CriticBatches; c > 0; c--)
            {
                CheckData.Fill(batch, 4, 1000 + i);
                trainer.TrainCritic(batch);
            }

            CheckData.Fill(batch, 4, i);
            var step = trainer.Step(batch);
            (losses[i], critic[i]) = ((float)step.Loss, (float)step.Critic.Penalty);
        }

        CheckedArray[] results = [new("losses", losses), new("penalties of the critic", critic)];
        if (!withEmbeddings)
            return results;
        using var scope = new TensorScope();
        using var pause = Gradients.NoRecording();
        var y = model.EmbeddingNet.Forward(Tensor.From(device, shape, batch.ViewF), training: false);
        return [.. results, new("embeddings", y.ToArray())];
    }
}
