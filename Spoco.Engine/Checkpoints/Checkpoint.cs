using System.Globalization;
using System.Text.Json;
using Spoco.Engine.Networks;
using Spoco.Kernels;

namespace Spoco.Engine.Checkpoints;

/// <summary>
/// A model in one safetensors file: f under <c>net_f.</c>, g under <c>net_g.</c>, both with the names and layouts of the reference's state_dict,
/// so that PyTorch reads it with <c>safetensors.torch.load_file</c>; while training also Adam's moments under <c>exp_avg.</c> and
/// <c>exp_avg_sq.</c>. What the model is stands as JSON in the metadata.
/// </summary>
public static class Checkpoint
{
    /// <summary>Writes a model, and whatever else a training wants to find again.</summary>
    /// <param name="path">The file; written beside, then renamed.</param>
    /// <param name="model">The model: its options and the parameters of both networks are written.</param>
    /// <param name="further">Arrays to write behind those of the model; null = none.</param>
    /// <param name="metadata">Entries to write beside the options of the model; null = none.</param>
    public static void Save(
        string path, SpocoModel model, IEnumerable<SafeTensorSource>? further = null, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        var strings = new Dictionary<string, string>(metadata ?? new Dictionary<string, string>())
        {
            [CheckpointFormat.VersionKey] = CheckpointFormat.Version,
            [CheckpointFormat.ModelKey] = JsonSerializer.Serialize(model.Options, CheckpointJson.Default.SpocoModelOptions),
        };
        SafeTensors.Write(path,
        [
            .. Arrays(CheckpointFormat.F, model.EmbeddingNet), .. Arrays(CheckpointFormat.G, model.MomentumNet), .. further ?? [],
        ], strings);
    }

    /// <summary>Reads a model onto a device.</summary>
    /// <exception cref="InputException">The file is unreadable, damaged, or not such a checkpoint; nothing was allocated on the device for it.</exception>
    public static SpocoModel Load(string path, ComputeDevice device, bool trained = false)
    {
        var file = SafeTensors.Open(path);
        var options = ReadOptions(path, file);
        Check(path, file, options);
        file.Verify();
        var model = new SpocoModel(device, options, trained);
        try
        {
            Fill(path, file, model);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Fills a model that exists already.</summary>
    /// <exception cref="InputException">The checkpoint is damaged or of another architecture; the model is left as it was.</exception>
    public static void Load(string path, SafeTensors file, SpocoModel model)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(model);
        Check(path, file, model.Options);
        file.Verify();
        foreach (var spec in model.EmbeddingNet.Parameters.Specs)
        {
            _ = Read(path, file, CheckpointFormat.F, spec);
            _ = Read(path, file, CheckpointFormat.G, spec);
        }

        Fill(path, file, model);
    }

    /// <summary>What the model in a file is.</summary>
    /// <exception cref="InputException">The file does not say, or says something impossible.</exception>
    public static SpocoModelOptions ReadOptions(string path, SafeTensors file)
    {
        ArgumentNullException.ThrowIfNull(file);
        if (!file.Metadata.TryGetValue(CheckpointFormat.VersionKey, out var format) || !file.Metadata.TryGetValue(CheckpointFormat.ModelKey, out var json))
            throw new InputException($"{path}: is no Spoco checkpoint (its metadata does not describe a model).");
        if (format != CheckpointFormat.Version)
            throw new InputException($"{path}: has checkpoint format {format}, this version reads {CheckpointFormat.Version}.");
        try
        {
            var options = CheckpointJson.Read(json, new SpocoModelOptions(), CheckpointJson.Default.SpocoModelOptions);
            options.Validate();
            return options;
        }
        catch (Exception e) when (e is JsonException or ArgumentException or NullReferenceException or NotSupportedException)
        {
            throw new InputException($"{path}: the description of the model is damaged.", e);
        }
    }

    /// <summary>The arrays of a buffer that lies position by position beside a network's trained values, such as a moment of Adam.</summary>
    internal static IEnumerable<SafeTensorSource> Arrays(string prefix, ParameterStore parameters, int dimensions, DeviceBuffer<float> buffer)
    {
        foreach (var (spec, offset) in parameters.TrainedOffsets)
        {
            yield return new SafeTensorSource(prefix + spec.Name, CheckpointFormat.Shape(spec, dimensions),
                () => CheckpointFormat.ToFile(spec, buffer.Slice(offset, spec.Shape.Count).ToArray()));
        }
    }

    /// <summary>The inverse of <see cref="Arrays(string, ParameterStore, int, DeviceBuffer{float})"/>.</summary>
    internal static void Fill(string path, SafeTensors file, string prefix, ParameterStore parameters, int dimensions, DeviceBuffer<float> buffer)
    {
        foreach (var (spec, _) in parameters.TrainedOffsets)
            CheckArray(path, file, prefix, spec, dimensions);
        foreach (var (spec, offset) in parameters.TrainedOffsets)
            buffer.Slice(offset, spec.Shape.Count).CopyFrom(CheckpointFormat.FromFile(spec, file.ReadFinite(prefix + spec.Name)));
    }

    /// <summary>An array of a network in the layout of files, of which every value can be computed with.</summary>
    /// <exception cref="InputException">One cannot.</exception>
    internal static float[] Read(string path, SafeTensors file, string prefix, ParameterSpec spec)
    {
        var values = file.ReadFinite(prefix + spec.Name);
        return spec.Kind == ParameterKind.RunningVariance && values.Any(v => v < 0)
            ? throw new InputException($"{path}: the array '{prefix}{spec.Name}' holds a variance below 0: the model is damaged.")
            : values;
    }

    private static IEnumerable<SafeTensorSource> Arrays(string prefix, UNet net)
    {
        foreach (var spec in net.Parameters.Specs)
        {
            yield return new SafeTensorSource(prefix + spec.Name, CheckpointFormat.Shape(spec, net.Options.Dimensions),
                () => CheckpointFormat.ToFile(spec, net.Parameters[spec.Name].ToArray()));

            // PyTorch's load_state_dict insists on a counter beside the running statistics.
            if (spec.Kind == ParameterKind.RunningVariance)
                yield return new SafeTensorSource(prefix + CheckpointFormat.CounterBeside(spec.Name), [], () => [], [0]);
        }
    }

    private static void Fill(string path, SafeTensors file, SpocoModel model)
    {
        Fill(path, file, CheckpointFormat.F, model.EmbeddingNet);
        Fill(path, file, CheckpointFormat.G, model.MomentumNet);
    }

    private static void Fill(string path, SafeTensors file, string prefix, UNet net)
    {
        foreach (var spec in net.Parameters.Specs)
            net.Parameters[spec.Name].Buffer.CopyFrom(CheckpointFormat.FromFile(spec, Read(path, file, prefix, spec)));
    }

    /// <summary>Every array is there and has the right shape: checked before memory is taken or a parameter changed.</summary>
    private static void Check(string path, SafeTensors file, SpocoModelOptions options)
    {
        foreach (var spec in UNet.Specs(options.NetworkWithOutput))
        {
            CheckArray(path, file, CheckpointFormat.F, spec, options.Network.Dimensions);
            CheckArray(path, file, CheckpointFormat.G, spec, options.Network.Dimensions);
        }
    }

    private static void CheckArray(string path, SafeTensors file, string prefix, ParameterSpec spec, int dimensions)
    {
        var shape = CheckpointFormat.Shape(spec, dimensions);
        if (!file.Entries.TryGetValue(prefix + spec.Name, out var entry))
            throw new InputException($"{path}: is of another architecture: it has no array '{prefix}{spec.Name}'.");
        if (!entry.Shape.SequenceEqual(shape))
            throw new InputException($"{path}: is of another architecture: '{entry.Name}' has shape [{Join(entry.Shape)}], the network needs [{Join(shape)}].");

        static string Join(IReadOnlyList<long> extents) => string.Join(",", extents.Select(e => e.ToString(CultureInfo.InvariantCulture)));
    }
}
