namespace Spoco.Engine.Suggestions;

/// <summary>A part of an image where an object might be labelled.</summary>
/// <param name="Image">Which image of those that are compared.</param>
/// <param name="IsSegment">Whether the segmentation found it; else the foreground is unclear there and nothing was found (<see cref="RegionProposals"/>).</param>
/// <param name="IsLabelled">Whether more than half of it is labelled already: it is not suggested, but others are to differ from it.</param>
/// <param name="Voxels">Its size.</param>
/// <param name="Z">Slice of its voxel next to the centre of what is not labelled of it; of all of it, where all is.</param>
/// <param name="Y">Row of that voxel.</param>
/// <param name="X">Column of that voxel.</param>
/// <param name="Radius">Of a disc or, in an image with slices, a ball of its size.</param>
/// <param name="Measures">What speaks for labelling it.</param>
/// <param name="Looks">Logarithm of its size, mean and deviation of the intensities inside, and their mean beside it.</param>
/// <param name="Runs">Its voxels: flat indices of the first of each run, and lengths, in scan order.</param>
public sealed record CandidateRegion(
    int Image, bool IsSegment, bool IsLabelled, long Voxels, int Z, int Y, int X, double Radius, RegionMeasures Measures,
    IReadOnlyList<double> Looks, IReadOnlyList<(int Start, int Length)> Runs);

/// <summary>What speaks for labelling an object in a region: numbers from 0, all is clear, to 1; see <see cref="RegionMeasuring"/>.</summary>
/// <param name="Disagreement">Of f and g about what belongs to the object.</param>
/// <param name="UnclearForeground">Of the region and its rim; null for a model without a foreground.</param>
/// <param name="LowMargin">Between the region and its neighbours, in the embedding of f.</param>
public readonly record struct RegionMeasures(double Disagreement, double? UnclearForeground, double LowMargin);
