namespace Spoco.Cli.Pictures;

/// <summary>A colour of 8 bits per channel.</summary>
internal readonly record struct Rgb(byte Red, byte Green, byte Blue)
{
    public static Rgb Black { get; } = new(0, 0, 0);

    public static Rgb White { get; } = new(255, 255, 255);

    /// <summary>This colour with another one laid over it, 0 = invisible, 1 = opaque.</summary>
    public Rgb Under(Rgb over, double opacity) =>
        new(Mix(Red, over.Red, opacity), Mix(Green, over.Green, opacity), Mix(Blue, over.Blue, opacity));

    private static byte Mix(byte under, byte over, double opacity) => (byte)Math.Round(under + (over - under) * opacity);
}
