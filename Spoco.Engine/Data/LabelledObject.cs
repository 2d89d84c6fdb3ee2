namespace Spoco.Engine.Data;

/// <summary>An object of a label image.</summary>
/// <param name="Label">Its number in the label image.</param>
/// <param name="Voxels">Number of its voxels.</param>
/// <param name="Z">A voxel of it, not near its first one in scan order.</param>
/// <param name="Y">Row of that voxel.</param>
/// <param name="X">Column of that voxel.</param>
public readonly record struct LabelledObject(int Label, long Voxels, int Z, int Y, int X);
