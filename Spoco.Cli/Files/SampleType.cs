namespace Spoco.Cli.Files;

/// <summary>How a file stores one sample.</summary>
internal enum SampleType
{
    UInt8, Int8, UInt16, Int16, UInt32, Int32, UInt64, Int64, Float16, Float32, Float64,
}

internal static class SampleTypes
{
    public static int Size(this SampleType type) => type switch
    {
        SampleType.UInt8 or SampleType.Int8 => 1,
        SampleType.UInt16 or SampleType.Int16 or SampleType.Float16 => 2,
        SampleType.UInt32 or SampleType.Int32 or SampleType.Float32 => 4,
        _ => 8,
    };

    public static bool IsFloat(this SampleType type) => type is SampleType.Float16 or SampleType.Float32 or SampleType.Float64;

    public static SampleType? Unsigned(int bytes) => bytes switch
    {
        1 => SampleType.UInt8, 2 => SampleType.UInt16, 4 => SampleType.UInt32, 8 => SampleType.UInt64, _ => null,
    };

    public static SampleType? Signed(int bytes) => bytes switch
    {
        1 => SampleType.Int8, 2 => SampleType.Int16, 4 => SampleType.Int32, 8 => SampleType.Int64, _ => null,
    };

    public static SampleType? Float(int bytes) => bytes switch
    {
        2 => SampleType.Float16, 4 => SampleType.Float32, 8 => SampleType.Float64, _ => null,
    };
}
