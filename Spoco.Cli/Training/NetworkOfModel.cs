using Spoco.Engine.Checkpoints;

namespace Spoco.Cli.Training;

/// <summary>Settings that a training shares with the model it starts from.</summary>
internal static class NetworkOfModel
{
    /// <summary><paramref name="settings"/> with the network of the checkpoint at <paramref name="path"/>.</summary>
    /// <exception cref="Engine.InputException">The checkpoint is damaged.</exception>
    public static TrainSettings Adopt(TrainSettings settings, string path)
    {
        var model = Checkpoint.ReadOptions(path, SafeTensors.Open(path));
        return settings with
        {
            Network = settings.Network with
            {
                Dimensions = model.Network.Dimensions,
                Maps = [.. model.Network.FeatureMaps],
                Order = model.Network.Order,
                AnisotropicPooling = model.Network.Dimensions == 3 && model.Network.PoolDepth == 1,
                Embedding = model.EmbeddingDimensions,
                NoForeground = settings.Network.NoForeground || !model.Foreground,
            },
            Loss = settings.Loss with { PullMargin = model.PullMargin, PushMargin = model.PushMargin },
            Data = settings.Data with { Normalise = model.Normalisation.ToString(), Clip = model.Normalisation.Clip },
        };
    }
}
