using Spoco.Engine;

namespace Spoco.Cli.Data;

/// <summary>Sparse supervision: keeps the labels of some objects; all other voxels become 0, unlabelled.</summary>
internal static class InstanceSelection
{
    /// <summary>
    /// Keeps a random fraction of an image's objects: round(ratio * objects), at least one where the ratio is above 0. The choice depends on
    /// the seed, the image's number and the set of label numbers only.
    /// </summary>
    /// <exception cref="InputException">The ratio is not within 0 .. 1.</exception>
    public static Volume<int> Select(Volume<int> labels, double ratio, long seed, int imageIndex)
    {
        if (!(ratio >= 0 && ratio <= 1))
            throw new InputException($"Instance selection: the ratio of objects is from 0 to 1, got {ratio}.");
        var objects = Objects(labels);
        var count = ratio == 0 ? 0 : Math.Max(1, (int)Math.Round(ratio * objects.Length));
        RandomSource.ForIndex(seed, imageIndex, 0).Shuffle(objects.AsSpan());
        return Keep(labels, objects.Take(count));
    }

    /// <summary>
    /// Keeps <paramref name="budget"/> objects of a whole training set (appendix A.5): <c>sparse</c>, one object in each of as many random images
    /// (several where there are fewer images than objects); <c>dense</c>, all in one random image that has as many.
    /// </summary>
    /// <returns>The labels of every image, in order; an image without a kept object has none.</returns>
    /// <exception cref="InputException">The training set, or for <c>dense</c> every single image, has fewer objects.</exception>
    public static Volume<int>[] SelectBudget(IReadOnlyList<Volume<int>> labels, int budget, bool dense, long seed)
    {
        if (budget < 1)
            throw new InputException($"Instance selection: a budget is at least 1 object, got {budget}.");
        var random = RandomSource.ForIndex(seed, labels.Count, 1);
        var left = labels.Select(Objects).ToArray();
        foreach (var objects in left)
            random.Shuffle(objects.AsSpan());
        var order = Enumerable.Range(0, labels.Count).ToArray();
        random.Shuffle(order.AsSpan());
        var taken = new int[labels.Count];
        if (dense)
        {
            var image = Array.FindIndex(order, i => left[i].Length >= budget);
            if (image < 0)
                throw new InputException($"Instance selection: no image has {budget} objects (at most {left.Max(objects => objects.Length)}).");
            taken[order[image]] = budget;
        }
        else
        {
            var total = left.Sum(objects => objects.Length);
            if (total < budget)
                throw new InputException($"Instance selection: the training set has {total} objects, fewer than the budget of {budget}.");
            for (var (at, count) = (0, 0); count < budget; at = (at + 1) % order.Length)
                if (taken[order[at]] < left[order[at]].Length)
                {
                    taken[order[at]]++;
                    count++;
                }
        }

        return [.. labels.Select((volume, i) => Keep(volume, left[i].Take(taken[i])))];
    }

    /// <summary>The label numbers of the objects, ascending, without 0.</summary>
    public static int[] Objects(Volume<int> labels)
    {
        var objects = new HashSet<int>();
        var previous = 0;
        foreach (var label in labels.Data)
        {
            if (label != previous && label != 0)
                objects.Add(label);
            previous = label;
        }

        return [.. objects.Order()];
    }

    private static Volume<int> Keep(Volume<int> labels, IEnumerable<int> objects)
    {
        var kept = objects.ToHashSet();
        var result = new Volume<int>(labels.Depth, labels.Height, labels.Width) { VoxelSize = labels.VoxelSize };
        for (var i = 0; i < result.Data.Length; i++)
            if (labels.Data[i] != 0 && kept.Contains(labels.Data[i]))
                result.Data[i] = labels.Data[i];
        return result;
    }
}
