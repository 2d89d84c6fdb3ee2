namespace Spoco.Cli.Files;

/// <summary>Names of units of length, as microscopes' software writes them.</summary>
internal static class LengthUnit
{
    /// <summary>Micrometres in a unit; null for what is no unit of length, such as pixels.</summary>
    public static double? Micrometres(string unit) => unit.Trim().ToUpperInvariant() switch
    {
        // Three letters look alike: the micro sign, the Greek mu, and the latter's capital, which is what the former two become.
        "MICRON" or "MICRONS" or "MICROMETER" or "MICROMETERS" or "MICROMETRE" or "MICROMETRES" or "UM" or "\u00B5M" or "\u03BCM" or "\u039CM" => 1,
        "NM" or "NANOMETER" or "NANOMETERS" or "NANOMETRE" or "NANOMETRES" => 1e-3,
        "PM" or "PICOMETER" or "PICOMETRE" => 1e-6,
        "\u00C5" or "\u212B" or "ANGSTROM" => 1e-4,
        "MM" or "MILLIMETER" or "MILLIMETERS" or "MILLIMETRE" or "MILLIMETRES" => 1e3,
        "CM" or "CENTIMETER" or "CENTIMETERS" or "CENTIMETRE" or "CENTIMETRES" => 1e4,
        "M" or "METER" or "METERS" or "METRE" or "METRES" => 1e6,
        "INCH" or "INCHES" or "IN" or "\"" => 25_400,
        _ => null,
    };
}
