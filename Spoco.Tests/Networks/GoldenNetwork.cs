using System.Text.Json;
using Spoco.Engine.Checkpoints;
using Spoco.Engine.Networks;
using Spoco.Kernels;
using Spoco.Tests.Golden;

namespace Spoco.Tests.Networks;

/// <summary>Networks that start from the parameters of a golden case.</summary>
internal static class GoldenNetwork
{
    /// <summary>The architecture a case describes.</summary>
    public static UNetOptions Options(GoldenCase golden, int dimensions, int inputChannels)
    {
        var p = golden.Params;
        return new UNetOptions
        {
            Dimensions = dimensions,
            InputChannels = inputChannels,
            OutputChannels = p.GetProperty("out_channels").GetInt32(),
            FeatureMaps = [.. p.GetProperty("f_maps").EnumerateArray().Select(m => m.GetInt32())],
            Order = p.GetProperty("layer_order").GetString()!,
            Groups = p.TryGetProperty("num_groups", out var groups) && groups.ValueKind == JsonValueKind.Number ? groups.GetInt32() : 8,
        };
    }

    /// <summary>Copies the arrays stored under <paramref name="prefix"/> into a network; every array of the network must be there.</summary>
    public static void Fill(GoldenCase golden, string prefix, ParameterStore store)
    {
        foreach (var spec in store.Specs)
            store[spec.Name].Buffer.CopyFrom(CheckpointFormat.FromFile(spec, golden.Float32($"{prefix}/{spec.Name}")));
    }
}
