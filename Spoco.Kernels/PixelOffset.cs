namespace Spoco.Kernels;

/// <summary>A step from a pixel to its partner.</summary>
/// <param name="Z">Slices.</param>
/// <param name="Y">Rows.</param>
/// <param name="X">Columns.</param>
public readonly record struct PixelOffset(int Z, int Y, int X);
