using Spoco.Engine.Networks;

namespace Spoco.Engine.Checkpoints;

/// <summary>Starts a model with the parameters of another one that was trained on other images.</summary>
internal static class Transfer
{
    /// <summary>
    /// Copies f and g. The two models must be of one architecture; a foreground channel of the source is left out where the target has none.
    /// </summary>
    /// <param name="path">The checkpoint.</param>
    /// <param name="model">The model to be trained further.</param>
    /// <exception cref="InputException">The checkpoint is damaged, or says in which respect it is another architecture.</exception>
    public static void Apply(string path, SpocoModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var file = SafeTensors.Open(path);
        var (source, target) = (Checkpoint.ReadOptions(path, file), model.Options);
        Require(path, "channels of the image", source.Network.InputChannels, target.Network.InputChannels);
        Require(path, "dimensions", source.Network.Dimensions, target.Network.Dimensions);
        Require(path, "feature maps", string.Join(',', source.Network.FeatureMaps), string.Join(',', target.Network.FeatureMaps));
        Require(path, "convolution units", source.Network.Order, target.Network.Order);
        Require(path, "pooling along z", source.Network.PoolDepth, target.Network.PoolDepth);
        Require(path, "dimensions of the embedding", source.EmbeddingDimensions, target.EmbeddingDimensions);
        if (target.Foreground)
            Require(path, "foreground channel", source.Foreground, target.Foreground);
        file.Verify();
        Fill(path, file, CheckpointFormat.F, model.EmbeddingNet);
        Fill(path, file, CheckpointFormat.G, model.MomentumNet);
    }

    private static void Fill(string path, SafeTensors file, string prefix, UNet net)
    {
        foreach (var spec in net.Parameters.Specs)
        {
            // Output channels come first in a file, and the foreground is the last of them.
            var count = file.Entries.TryGetValue(prefix + spec.Name, out var entry) ? entry.Shape.Aggregate(1L, (a, b) => a * b) : 0;
            var fits = ParameterNames.IsOfLast(spec.Name) ? count >= spec.Shape.Count : count == spec.Shape.Count;
            if (!fits)
                throw new InputException($"{path}: is of another architecture: the array '{prefix}{spec.Name}' is missing or of another size.");
            var values = Checkpoint.Read(path, file, prefix, spec).AsSpan(0, checked((int)spec.Shape.Count));
            net.Parameters[spec.Name].Buffer.CopyFrom(CheckpointFormat.FromFile(spec, values));
        }
    }

    private static void Require<T>(string path, string what, T source, T target)
    {
        if (!Equals(source, target))
            throw new InputException($"{path}: {what}: the model has {source}, this training has {target}.");
    }
}
