namespace Spoco.Engine.Networks;

/// <summary>One level of a U-Net: two convolution units.</summary>
/// <param name="Name">What the names of its arrays begin with.</param>
/// <param name="Inputs">Channels that it takes; of a decoder, those of the skip and of the level below.</param>
/// <param name="Middle">Channels between the units.</param>
/// <param name="Outputs">Channels that it gives.</param>
internal readonly record struct UNetLevel(string Name, int Inputs, int Middle, int Outputs)
{
    /// <summary>The way down, the finest level first.</summary>
    public static UNetLevel[] Encoders(UNetOptions options)
    {
        var maps = options.FeatureMaps;
        return [.. Enumerable.Range(0, maps.Count).Select(i =>
        {
            var inputs = i == 0 ? options.InputChannels : maps[i - 1];
            return new UNetLevel(ParameterNames.Encoder(i), inputs, Math.Max(maps[i] / 2, inputs), maps[i]);
        })];
    }

    /// <summary>The way up, the coarsest level first.</summary>
    public static UNetLevel[] Decoders(UNetOptions options)
    {
        var maps = options.FeatureMaps;
        return [.. Enumerable.Range(0, maps.Count - 1).Select(i =>
        {
            var (small, skip) = (maps[maps.Count - 1 - i], maps[maps.Count - 2 - i]);
            return new UNetLevel(ParameterNames.Decoder(i), small + skip, skip, skip);
        })];
    }
}
