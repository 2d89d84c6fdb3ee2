namespace Spoco.Engine.Data;

/// <summary>An object of a label image.</summary>
/// <param name="Label">Its number.</param>
/// <param name="Voxels">Its size.</param>
/// <param name="Z">A voxel of it, not near its first one in scan order.</param>
/// <param name="Y">Row of that voxel.</param>
/// <param name="X">Column of that voxel.</param>
public readonly record struct LabelledObject(int Label, long Voxels, int Z, int Y, int X);
